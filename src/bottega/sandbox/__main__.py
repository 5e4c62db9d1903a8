"""`python -m bottega.sandbox`: reads the options and runs the one process. Decides nothing."""

from bottega.sandbox.server import main

if __name__ == "__main__":
    main()
