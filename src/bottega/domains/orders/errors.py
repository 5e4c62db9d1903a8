"""How orders say no."""

from bottega.kit.errors import DomainError, Kind, NotFound


class OrderNotFound(NotFound):
    """No such order, or not yours."""

    code = "order_not_found"
    title = "There is no order under that id"


class FulfillmentNotOffered(DomainError):
    """The store does not hand over goods that way."""

    code = "fulfillment_not_offered"
    title = "This store does not offer that way of getting the order"


class PayModeNotOffered(DomainError):
    """The store does not take payment that way."""

    code = "pay_mode_not_offered"
    title = "This store does not offer that way of paying"


class SchedulingNotOffered(DomainError):
    """The store takes orders for now only."""

    code = "scheduling_not_offered"
    title = "This store takes orders for right now only"


class NothingToPayOnline(DomainError):
    """An order that costs nothing can't be paid online."""

    code = "nothing_to_pay_online"
    title = "This order costs nothing; choose to pay at the store"


class StatusConflict(DomainError):
    """Somebody was faster: the order is no longer where the caller thought. `status` in the answer says where it is."""

    kind = Kind.CONFLICT
    code = "status_conflict"
    title = "The order has moved on"


class MoveNotAllowed(DomainError):
    """The order's machine has no such move; `allowed_transitions` in the answer lists the ones it has."""

    kind = Kind.CONFLICT
    code = "move_not_allowed"
    title = "An order can't go that way"


class AmountNotPayableOnline(DomainError):
    """Cards move money of currencies with three decimals in full tens of the smallest unit only."""

    code = "amount_not_payable_online"
    title = "No card can be charged exactly this amount; choose to pay at the store"


class TooLateToCancel(DomainError):
    """Somebody is making it already; the store can still cancel."""

    kind = Kind.CONFLICT
    code = "too_late_to_cancel"
    title = "It is too late to cancel this order yourself"


class TooLateToChange(DomainError):
    """It is paid, being made, or over."""

    kind = Kind.CONFLICT
    code = "too_late_to_change"
    title = "It is too late to change this order"


class LineNotFound(NotFound):
    """No such line in this order."""

    code = "line_not_found"
    title = "There is no line under that id in this order"


class ShortageNotFound(NotFound):
    """Nothing of this order was reported as out under that id."""

    code = "shortage_not_found"
    title = "There is nothing to choose under that id"


class TooLateToMark(DomainError):
    """It is made already, or over: only lines of a placed, paid or started order can turn out not to be there."""

    kind = Kind.CONFLICT
    code = "too_late_to_mark"
    title = "It is too late to mark a line of this order as not available"


class LinePartlyRefunded(DomainError):
    """Money of this line went back already, so it can't be told any more which of its units that was for."""

    kind = Kind.CONFLICT
    code = "line_partly_refunded"
    title = "Something of this line was given back: it is out as a whole, or not at all"


class ShortageSettled(DomainError):
    """Somebody chose before, or the time to choose ran out; `state` in the answer says what came of it."""

    kind = Kind.CONFLICT
    code = "shortage_settled"
    title = "This has been decided already"


class ChoiceNotOffered(DomainError):
    """There is no such substitute, or the line is the only one, so that only the whole order can be taken back."""

    code = "choice_not_offered"
    title = "That is not among the choices"


class SubstituteTooDear(DomainError):
    """It costs more than what is out; staff can offer it at the same price."""

    code = "substitute_too_dear"
    title = "A substitute can't cost more than what it replaces"


class WaitingForChoice(DomainError):
    """A line is out and its customer has not chosen yet; `due_at` in the answer says until when they can."""

    kind = Kind.CONFLICT
    code = "waiting_for_choice"
    title = "This order waits for its customer to choose"


class TillDetailsMissing(DomainError):
    """An order that is paid at the store is completed with its receipt and tender."""

    code = "till_details_missing"
    title = "Completing this order needs receipt_ref and tender"


class TillDetailsUnexpected(DomainError):
    """An order that was paid online takes no payment at the counter."""

    code = "till_details_unexpected"
    title = "This order is paid already"


class PaymentNotCaptured(DomainError):
    """The money of an online order is not ours yet (or not any more): it can't be handed over as paid.

    `payment_status` in the answer says where the payment stands. Where nothing will come of it any more (VOIDED, FAILED),
    the order is completed with money taken at the till: `receipt_ref` and `tender`.
    """

    kind = Kind.CONFLICT
    code = "payment_not_captured"
    title = "This order has not been paid"


class PaidOnlineOnly(DomainError):
    """Only the payment provider's word makes an order paid."""

    kind = Kind.CONFLICT
    code = "paid_by_provider_only"
    title = "An order becomes paid by the payment provider's word only"


class RefundLineUnknown(DomainError):
    """The order of this payment has no such line."""

    code = "refund_line_unknown"
    title = "That is not a line of this order"


class RefundLineTooLarge(DomainError):
    """More of a line than was bought, less what went back of it. `left` in the answer says how many can still go back."""

    kind = Kind.CONFLICT
    code = "refund_line_too_large"
    title = "That is more of a line than can still be given back"


class NothingToPay(DomainError):
    """The order is paid, is paid at the store, or is over."""

    kind = Kind.CONFLICT
    code = "nothing_to_pay"
    title = "There is nothing to pay online for this order"
