"""`bottega doctor`: looks at everything a shop needs and says how to mend what is wrong. It changes nothing.

Here: what is looked at, in which order, and how it is told. The looks themselves: machine.py (this computer),
database.py (the server, the schema, the log and who follows it), provider.py (payments). What must stay true: a look
that can't be done because an earlier one failed is `skipped`, never guessed; `failed` means that orders would suffer.
"""

from bottega.entrypoints.doctor.checks import Check, Options, State, examine, run

__all__ = ["Check", "Options", "State", "examine", "run"]
