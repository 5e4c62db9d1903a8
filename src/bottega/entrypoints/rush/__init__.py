"""`bottega rush`: a morning rush played against a running server, then the books are checked.

Here: customers, baristas, patient calls, the count and the proof that every acknowledged order is there. Not here: the
invariants (verify). What must stay true: everything goes through the public API, a seed plays the same rush again, and
an order that was acknowledged and is not found is an error, whatever happened to the server meanwhile.
"""

from bottega.entrypoints.rush.model import Acknowledged, Latency, Outcome, Plan
from bottega.entrypoints.rush.playing import NoShop, play
from bottega.entrypoints.rush.wire import GaveUp, Wire

__all__ = ["Acknowledged", "GaveUp", "Latency", "NoShop", "Outcome", "Plan", "Wire", "play"]
