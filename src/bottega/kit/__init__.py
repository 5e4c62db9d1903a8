"""The pure floor: money, ids, clock, errors, state machines, pagination. No I/O, no word of the trade."""
