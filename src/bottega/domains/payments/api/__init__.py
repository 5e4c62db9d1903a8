"""The JSON face of payments: money and the provider's events in `paying`."""

from bottega.domains.payments.api.paying import HANDLERS

__all__ = ["HANDLERS"]
