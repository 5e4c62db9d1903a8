"""The JSON face of payments: money and the provider's events (paying), the two ledgers (reconciling)."""

from bottega.domains.payments.api import paying, reconciling

HANDLERS = [*paying.HANDLERS, *reconciling.HANDLERS]
