"""Every SQL statement about what is asked of a hold, and about whose a provider's reference is."""

from typing import Any, LiteralString
from uuid import UUID

import msgspec

from bottega.domains.payments.model import Operation, Payment
from bottega.infra.db import ReadTx
from bottega.infra.transaction import Tx

ASKED_FOR: LiteralString = """
select count(*) from payment_attempts
where store_id = %(store_id)s and payment_id = %(payment_id)s and operation = %(operation)s and state = 'INTENDED'
"""
WITHDRAW_CAPTURE: LiteralString = """
update payment_attempts set state = 'FAILED', error_code = 'withdrawn', finished_at = %(now)s
where store_id = %(store_id)s and payment_id = %(payment_id)s and operation = 'CAPTURE' and state = 'INTENDED' and tries = 0
"""
OWNERS: LiteralString = """
select merchant_id, store_id, payment_id from payments
where provider_ref = %(provider_ref)s and provider = 'STRIPE' and provider_account = %(account)s limit 2
"""


class Owner(msgspec.Struct, frozen=True):
    """Whose payment something is."""

    merchant_id: UUID
    store_id: UUID
    payment_id: UUID


async def is_asked(tx: Tx, payment: Payment, operation: Operation) -> bool:
    """Whether an attempt of this kind waits for its outcome. The payment's row must be locked."""
    return bool(await tx.value(ASKED_FOR, _of(payment) | {"operation": operation}))


async def withdraw_capture(tx: Tx, payment: Payment) -> None:
    """Take back a capture that nobody has asked the provider for yet."""
    await tx.execute(WITHDRAW_CAPTURE, _of(payment) | {"now": tx.now})


async def owners(tx: ReadTx, account: str, provider_ref: str) -> list[Owner]:
    """Whose payment a provider's reference is, among all merchants (as the relay)."""
    return await tx.rows(OWNERS, {"account": account, "provider_ref": provider_ref}, Owner)


def _of(payment: Payment) -> dict[str, Any]:
    return {"store_id": payment.store_id, "payment_id": payment.payment_id}
