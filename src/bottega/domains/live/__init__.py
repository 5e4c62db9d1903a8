"""Live: orders and queues as streams, from the log, with the current state on connect and replay of what was missed.

Not here: how streams work (infra/web/streams). What a browser gets is made from facts alone, so every web process
serves the same streams, and applying the events to an old state gives the same as fetching a new one.
"""

from bottega.domains.live.rules import route

__all__ = ["route"]
