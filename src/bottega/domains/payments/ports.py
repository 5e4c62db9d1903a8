"""What payments need from outside: a provider that opens intents, reads, captures and cancels them, and refunds; and the
ledger that it keeps of all this. Protocols.

Every call has a timeout and, where it changes something, our own key. Raises `ProviderUnavailable` when the outcome is
unknown (timeout, lost connection, 5xx): never a failure; `ProviderKeySpent`, one of those, when asking again with the same
key can only bring the provider's stored failure: read what it did; `ProviderRefused` when the provider said no for good.
"""

from collections.abc import AsyncIterator
from typing import Protocol

from bottega.domains.payments.model import (
    Attempt,
    Payment,
    ProviderDispute,
    ProviderEvent,
    ProviderIntent,
    ProviderRefund,
)
from bottega.domains.payments.model.reconciliation import LedgerCharge, LedgerDispute, LedgerRefund, Window


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


class PaymentLedger(Protocol):
    """The provider's own ledger: everything that it has, whoever made it. Lists come newest first, page by page, and
    carry our marks where the object (or the intent behind it) has them. Raises `ProviderUnavailable`.
    """

    @property
    def account(self) -> str:
        """Our name for the account that is asked."""
        ...

    async def close(self) -> None:
        """Close the connections to the provider."""
        ...

    def charges(self, window: Window) -> AsyncIterator[list[LedgerCharge]]:
        """The intents of a window, with the money that each moved."""
        ...

    def bare_charges(self, window: Window) -> AsyncIterator[list[LedgerCharge]]:
        """The charges of a window that took money without any intent: nothing that we do makes one."""
        ...

    def refunds(self, window: Window) -> AsyncIterator[list[LedgerRefund]]:
        """The refunds of a window."""
        ...

    def disputes(self, window: Window) -> AsyncIterator[list[LedgerDispute]]:
        """The disputes of a window."""
        ...

    async def read_charge(self, ref: str) -> LedgerCharge | None:
        """One intent (or bare charge) with its money, as it is now; None when the provider doesn't know it."""
        ...

    async def refunds_of(self, ref: str) -> tuple[LedgerRefund, ...]:
        """Every refund of an intent."""
        ...

    async def disputes_of(self, ref: str) -> tuple[LedgerDispute, ...]:
        """Every dispute of an intent."""
        ...

    async def give_back(self, charge: LedgerCharge, key: str) -> None:
        """Refund what is left of a charge that nobody here ordered, or let go of it where it is only held."""
        ...
