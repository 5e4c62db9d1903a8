"""Pages in a browser; a package, so that the browser can be there for it as a whole and be gone after it."""
