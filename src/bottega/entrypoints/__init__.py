"""The process roles: web, worker, command line, and the wiring that joins them. They decide nothing."""
