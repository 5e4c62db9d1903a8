"""`python -m bottega`: the same as the command `bottega`."""

from bottega.entrypoints.cli import main

if __name__ == "__main__":
    main()
