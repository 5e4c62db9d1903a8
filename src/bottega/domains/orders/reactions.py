"""What orders do when a lower slice tells a fact."""

from bottega.domains.orders.actions.paying import complete_payment, flag_payment, settle_dispute
from bottega.domains.orders.actions.refunding import stand_for
from bottega.domains.payments import DisputeClosed, HoldLost, PaymentAuthorized, PaymentCaptured, RefundAdopted
from bottega.infra.consumers import Reaction
from bottega.kit.fact import Fact

REACTIONS: dict[type[Fact], Reaction] = {
    PaymentCaptured: complete_payment,
    PaymentAuthorized: complete_payment,
    HoldLost: flag_payment,
    DisputeClosed: settle_dispute,
    RefundAdopted: stand_for,
}
