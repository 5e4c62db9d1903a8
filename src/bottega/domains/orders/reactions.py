"""What orders do when a lower slice tells a fact."""

from bottega.domains.orders.actions.paying import complete_payment
from bottega.domains.payments import PaymentCaptured
from bottega.infra.consumers import Reaction
from bottega.kit.fact import Fact

REACTIONS: dict[type[Fact], Reaction] = {PaymentCaptured: complete_payment}
