"""Reports: the questions an owner asks, answered by money that moved: captured less given back, never by an order's status.

Who spent the most in a month, and which registered customers have never spent anything. Read only: no table is this
slice's own, nothing is counted beforehand, so an answer can't differ from the payments' ledger. Not here: what a payment
or an order is (payments, orders), who somebody is (identity).
"""

from bottega.domains.reports.actions import month_of, never_spent, top_spenders
from bottega.domains.reports.model import Month, NeverSpent, Sleeper, Spender, TopSpenders

__all__ = ["Month", "NeverSpent", "Sleeper", "Spender", "TopSpenders", "month_of", "never_spent", "top_spenders"]
