"""What payments need from outside: a provider that opens intents, reads, captures and cancels them, and refunds. Protocols.

Every call has a timeout and, where it changes something, our own key. Raises `ProviderUnavailable` when the outcome is
unknown (timeout, lost connection, 5xx): never a failure; `ProviderKeySpent`, one of those, when asking again with the same
key can only bring the provider's stored failure: read what it did; `ProviderRefused` when the provider said no for good.
"""

from typing import Protocol

from bottega.domains.payments.model import (
    Attempt,
    Payment,
    ProviderDispute,
    ProviderEvent,
    ProviderIntent,
    ProviderRefund,
)


class PaymentProvider(Protocol):
    """A payment provider in the words of this slice."""

    @property
    def account(self) -> str:
        """Our name for the account that this speaks for."""
        ...

    async def close(self) -> None:
        """Let go of the connections to the provider."""
        ...

    async def open_intent(self, payment: Payment, key: str) -> ProviderIntent:
        """Open an intent for the payment's amount; the same key gives the same intent."""
        ...

    async def read_intent(self, provider_ref: str) -> ProviderIntent:
        """The intent as it is now."""
        ...

    async def find_intent(self, payment: Payment) -> ProviderIntent | None:
        """The intent that was opened for the payment, found by our own id, when we never learned its name."""
        ...

    async def find_refund(self, payment: Payment, attempt: Attempt) -> ProviderRefund | None:
        """The refund that the attempt brought about, found by our own id; None when there is none."""
        ...

    async def capture_intent(self, payment: Payment, attempt: Attempt) -> ProviderIntent:
        """Take the attempt's amount of a hold and let go of the rest; gives the intent as it is if that was done or is over.

        Raises `ProviderRefused` when the hold stands and the provider will not take that much of it.
        """
        ...

    async def cancel_intent(self, provider_ref: str, key: str) -> ProviderIntent:
        """Void an intent that has not been captured; gives the intent as it is if that is too late."""
        ...

    async def refund(self, payment: Payment, attempt: Attempt) -> ProviderRefund:
        """Give back the attempt's amount under the attempt's key."""
        ...

    async def read_refund(self, provider_ref: str) -> ProviderRefund:
        """The refund as it is now."""
        ...

    async def read_dispute(self, provider_ref: str) -> ProviderDispute:
        """The dispute as it is now, with the money that it moved."""
        ...

    def read_event(self, body: bytes, signature: str) -> ProviderEvent | None:
        """The event in a signed body (None: not about us). Raises `SignatureRefused`."""
        ...
