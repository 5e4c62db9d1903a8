"""What orders do when a lower slice tells a fact."""

from bottega.domains.orders.actions.paying import complete_payment
from bottega.domains.payments import PaymentCaptured

REACTIONS = {PaymentCaptured: complete_payment}
