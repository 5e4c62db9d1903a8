"""`bottega bench`: what this machine does, measured side by side in one run: orders, menus, streams, a full table.

Here: the measurements (a file each), their load generators and the report. Not here: profiling. What must stay true: both
sides of a ratio run on the same server with the same settings (fsync on), in alternating rounds, with the load generator
on the same processors; everything is bounded in count and time and talks to 127.0.0.1 only. Nothing is imported here: the
generators are processes of their own that start with as little as they need.
"""
