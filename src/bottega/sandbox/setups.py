"""Setup intents: a method is saved on a customer for later, and nothing is charged. The bank is asked, so it may say no.

The states are Stripe's. Taking a method and 3-D Secure are those of payment intents (confirming.py); what comes after is
here.
"""

from bottega.sandbox import confirming, customers, details
from bottega.sandbox.cards import Decline
from bottega.sandbox.debits import DEBITS
from bottega.sandbox.desk import Desk, created, listing
from bottega.sandbox.events import emit
from bottega.sandbox.ids import new_id, token
from bottega.sandbox.methods import keep, offered, resolve
from bottega.sandbox.params import Params
from bottega.sandbox.problems import Doc, Refused, conflict
from bottega.sandbox.store import public

OPEN = frozenset({"requires_payment_method", "requires_confirmation", "requires_action"})
REASONS = frozenset({"abandoned", "requested_by_customer", "duplicate"})


def create(desk: Desk, params: Params) -> Doc:
    """A new setup intent; with `confirm` it is confirmed at once."""
    name = new_id("seti")
    automatic, types = offered(params)
    setup = created(
        desk, name, "setup_intent",
        application=None, attach_to_self=False,
        automatic_payment_methods=automatic,
        cancellation_reason=None, client_secret=f"{name}_secret_{token()}", customer=None, description=None,
        flow_directions=None, last_setup_error=None, latest_attempt=None, mandate=None, metadata={}, next_action=None,
        on_behalf_of=None, payment_method=None, payment_method_configuration_details=None,
        payment_method_options={"card": {"request_three_d_secure": "automatic"}},
        payment_method_types=types or ["card", "link", *sorted(DEBITS)], single_use_mandate=None,
        status="requires_payment_method",
        usage=params.text("usage", {"on_session", "off_session"}) or "off_session",
    )  # fmt: skip
    _fill(desk, setup, params)
    confirming.take_method(desk, setup, params)
    desk.save(setup)
    emit(desk, "setup_intent.created", setup)
    return _go_through(desk, setup, params) if params.flag("confirm") else setup


def retrieve(desk: Desk, params: Params, name: str) -> Doc:
    """By id; with a publishable key the client secret is checked before we get here."""
    return desk.find("setup_intent", name)


def list_all(desk: Desk, params: Params) -> Doc:
    """Newest first, filtered by `customer`, `payment_method` and `created`."""
    return listing(desk, "setup_intent", params, "/v1/setup_intents")


def update(desk: Desk, params: Params, name: str) -> Doc:
    """Its method and customer before it is through; description and metadata always."""
    setup = desk.find("setup_intent", name)
    _fill(desk, setup, params)
    if setup["status"] in OPEN:
        confirming.take_method(desk, setup, params)
    desk.save(setup)
    return setup


def confirm(desk: Desk, params: Params, name: str) -> Doc:
    """Save the method it has or is given now. May end in 402, in `requires_action`, or saved."""
    setup = desk.find("setup_intent", name)
    if setup["status"] not in OPEN:
        raise _unexpected(setup, "confirmed")
    confirming.take_method(desk, setup, params)
    details.take_options(setup, params)
    return _go_through(desk, setup, params)


def cancel(desk: Desk, params: Params, name: str) -> Doc:
    """Give it up; never once the method is saved."""
    setup = desk.find("setup_intent", name)
    reason = params.text("cancellation_reason", REASONS)
    if setup["status"] not in OPEN:
        raise _unexpected(setup, "canceled")
    setup |= {"status": "canceled", "cancellation_reason": reason, "next_action": None}
    desk.save(setup)
    emit(desk, "setup_intent.canceled", setup)
    return setup


def answer_challenge(desk: Desk, setup: Doc, passed: bool) -> Doc:
    """The customer completed or failed 3-D Secure. Nothing happens unless the setup is waiting for it."""
    if setup["status"] != "requires_action":
        return setup
    setup["next_action"] = None
    if passed:
        method = resolve(desk, setup["payment_method"])
        card = confirming.card_behind(method)
        if card is None or card.decline is None or card.fails_late:
            return _save_method(desk, setup, method)
        return _told_no(desk, setup, confirming.card_error(method, card.decline))
    message = "We are unable to authenticate your payment method. Choose a different one and try again."
    return _told_no(desk, setup, {"type": "invalid_request_error", "code": "setup_intent_authentication_failure",
                                  "message": message})  # fmt: skip


def _fill(desk: Desk, setup: Doc, params: Params) -> None:
    if "description" in params:
        setup["description"] = params.text("description")
    if customer := params.text("customer"):
        setup["customer"] = customers.living(desk, customer)["id"]
    setup["metadata"] = params.metadata(setup["metadata"])
    details.take_options(setup, params)


def _go_through(desk: Desk, setup: Doc, params: Params) -> Doc:
    if setup["payment_method"] is None:
        message = "You cannot confirm this SetupIntent because it's missing a payment method."
        raise conflict(message, "setup_intent_unexpected_state", setup_intent=public(setup))
    method = resolve(desk, setup["payment_method"])
    card = confirming.card_behind(method)
    if card is not None and card.decline_on_attach is not None:
        _decline(desk, setup, method, card.decline_on_attach)
    if confirming.asks(setup, method):
        return confirming.challenge(desk, setup, params)
    return _save_method(desk, setup, method)


def _save_method(desk: Desk, setup: Doc, method: Doc) -> Doc:
    """It is through: the method is its customer's, and is not asked for 3-D Secure again where once is enough."""
    setup |= {"status": "succeeded", "next_action": None, "last_setup_error": None}
    new = bool(setup["customer"]) and method["customer"] is None
    method |= {"customer": setup["customer"] or method["customer"], "_set_up": True}
    keep(desk, method)
    desk.save(setup)
    if new:
        emit(desk, "payment_method.attached", method)
    emit(desk, "setup_intent.succeeded", setup)
    return setup


def _decline(desk: Desk, setup: Doc, method: Doc, decline: Decline) -> None:
    error = confirming.card_error(method, decline)
    after = _told_no(desk, setup, error)
    fields = {name: value for name, value in error.items() if name not in ("type", "message")}
    raise Refused(402, "card_error", decline.message, **fields, setup_intent=public(after))


def _told_no(desk: Desk, setup: Doc, error: Doc) -> Doc:
    setup |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "last_setup_error": error,
    }
    desk.save(setup)
    emit(desk, "setup_intent.setup_failed", setup)
    return setup


def _unexpected(setup: Doc, what: str) -> Refused:
    message = f"This SetupIntent could not be {what} because it has a status of {setup['status']}."
    return conflict(message, "setup_intent_unexpected_state", setup_intent=public(setup))
