"""The demo chain: a merchant with three stores, a menu and staff, to try everything on.

Here: the data (TOML files beside this one) and the one function that writes it through the verbs of the domains. Not
here: anything that a real merchant would need; they are written with the same verbs. What must stay true: the whole
chain appears at once or not at all, and never over a merchant that is there already.
"""

from bottega.entrypoints.seed.files import Chain, Shop, StaffMember, chain
from bottega.entrypoints.seed.passwords import new_password
from bottega.entrypoints.seed.planting import SeededLogin, SeededStore, SeedResult, seed

__all__ = [
    "Chain",
    "SeedResult",
    "SeededLogin",
    "SeededStore",
    "Shop",
    "StaffMember",
    "chain",
    "new_password",
    "seed",
]
