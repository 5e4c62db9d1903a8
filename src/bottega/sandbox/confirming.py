"""Confirming an intent: which method pays, whether 3-D Secure asks first, and what the bank says.

A declined confirmation leaves the intent in `requires_payment_method`, so one intent may see many declines before it
is paid. The state is saved before the refusal is raised: a 402 is an outcome, not an accident.
"""

from bottega.sandbox import charges, details
from bottega.sandbox.cards import GENERIC, UNAUTHENTICATED, Card, Decline, card_of
from bottega.sandbox.debits import DEBITS
from bottega.sandbox.desk import Desk, subject_of
from bottega.sandbox.events import emit
from bottega.sandbox.faults import Kind
from bottega.sandbox.ids import new_id
from bottega.sandbox.methods import from_data, keep, resolve
from bottega.sandbox.params import Params
from bottega.sandbox.problems import Doc, Refused, conflict, invalid
from bottega.sandbox.store import public

HOLD_SECONDS = 7 * 86_400
BOUNCED = Decline("payment_intent_payment_attempt_failed", None, "The bank account could not be debited.")


def take_method(desk: Desk, intent: Doc, params: Params) -> None:
    """Use the payment method that came with the call, if one did. `intent` may be a setup intent."""
    data, name = params.table("payment_method_data"), params.text("payment_method")
    if data is None and name is None:
        return
    if data is not None and name is not None:
        raise invalid("You may only specify one of: payment_method, payment_method_data.", "payment_method")
    method = from_data(desk, data) if data is not None else resolve(desk, name or "")
    if method.get("_detached"):
        raise conflict(
            "The payment method was used before without being attached to a customer, or was detached from one. It may"
            " not be used again; attach it to a customer first to use it more than once.",
            "payment_method_unexpected_state", "payment_method",
        )  # fmt: skip
    if method["customer"] and method["customer"] != intent["customer"]:
        raise invalid("The payment method belongs to another customer than the intent.", "payment_method")
    if intent["automatic_payment_methods"] is None and method["type"] not in intent["payment_method_types"]:
        raise invalid(f"The payment method type {method['type']!r} isn't among those allowed.", "payment_method")
    intent["payment_method"] = method["id"]
    if name == method["id"]:
        intent["_named"] = True
    if intent["status"] in ("requires_payment_method", "requires_action"):
        intent |= {"status": "requires_confirmation", "next_action": None}


def confirm(desk: Desk, intent: Doc, params: Params) -> Doc:
    """Go through with it: 3-D Secure if the card asks for it, then the charge."""
    if intent["payment_method"] is None:
        raise conflict(
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            "payment_intent_unexpected_state", payment_intent=public(intent),
        )  # fmt: skip
    method = resolve(desk, intent["payment_method"])
    if method["type"] in DEBITS:
        return _process(desk, intent, method)
    if asks(intent, method):
        off_session = params.text("off_session") not in (None, "false")
        if off_session and (card := card_behind(method)) and card.set_up:
            return settle(desk, intent)
        if off_session or params.flag("error_on_requires_action"):
            return _decline(desk, intent, method, UNAUTHENTICATED)
        return challenge(desk, intent, params)
    return settle(desk, intent)


def card_behind(method: Doc) -> Card | None:
    """The test card of a payment method (also in a phone's wallet); None for what is no card."""
    number = method.get("_number")
    return card_of(number) if number else None


def asks(intent: Doc, method: Doc) -> bool:
    """Whether the bank asks for 3-D Secure. `intent` is a payment intent or a setup intent."""
    card = card_behind(method)
    if (
        card is None
        or card.no_secure
        or card.wallet
        or method.get("_wallet")
        or (card.secure_once and method.get("_set_up"))
    ):
        return False
    return card.secure or intent["payment_method_options"]["card"]["request_three_d_secure"] in ("any", "challenge")


def challenge(desk: Desk, intent: Doc, params: Params) -> Doc:
    """Let the bank ask the customer first. `intent` is a payment intent or a setup intent."""
    address = f"{desk.store.meta('base_url')}/3ds/{intent['id']}?client_secret={intent['client_secret']}"
    back = params.text("return_url")
    # Stripe.js (the stand-in too) asks with use_stripe_sdk and shows the challenge in a frame of its own.
    if back and not params.flag("use_stripe_sdk"):
        intent["_return_url"] = back
        action: Doc = {"type": "redirect_to_url", "redirect_to_url": {"url": address, "return_url": back}}
    else:
        action = {"type": "use_stripe_sdk", "use_stripe_sdk": {
            "type": "three_d_secure_redirect", "stripe_js": address, "source": new_id("src"),
        }}  # fmt: skip
    intent |= {"status": "requires_action", "next_action": action}
    desk.save(intent)
    emit(desk, f"{intent['object']}.requires_action", intent)
    return intent


def answer_challenge(desk: Desk, intent: Doc, passed: bool) -> Doc:
    """The customer completed or failed 3-D Secure. Nothing happens unless the intent is waiting for it."""
    if intent["status"] != "requires_action":
        return intent
    intent["next_action"] = None
    if passed:
        try:
            return settle(desk, intent)
        except Refused:
            return desk.find("payment_intent", intent["id"])
    error: Doc = {
        "type": "invalid_request_error", "code": "payment_intent_authentication_failure",
        "message": "We are unable to authenticate your payment method. Choose a different one and try again.",
        "payment_method": public(resolve(desk, intent["payment_method"])),
    }  # fmt: skip
    return _back_to_start(desk, intent, error)


def settle(desk: Desk, intent: Doc) -> Doc:
    """Ask the bank. Paid, held (manual capture), or refused with 402."""
    method = resolve(desk, intent["payment_method"])
    card = card_behind(method)
    decline = card.decline if card is not None else None
    if decline is None and desk.faults.draw(Kind.DECLINE, intent["id"]):
        decline = GENERIC
    if decline is not None:
        return _decline(desk, intent, method, decline)
    if desk.faults.draw(Kind.WRONG_AMOUNT, intent["id"]):
        intent["amount"] += 1
    manual = details.held_first(intent, method["type"])
    charge = charges.charge(desk, intent, method, capture=not manual)
    intent |= {"latest_charge": charge["id"], "last_payment_error": None, "next_action": None, "processing": None}
    if manual:
        intent |= {"status": "requires_capture", "amount_capturable": intent["amount"]}
        desk.save(intent)
        emit(desk, "payment_intent.amount_capturable_updated", intent)
        early = desk.faults.draw(Kind.HOLD_EXPIRES, intent["id"])
        desk.later("expire_hold", intent["id"], early.seconds if early else HOLD_SECONDS)
    else:
        intent |= {"status": "succeeded", "amount_received": intent["amount"]}
        desk.save(intent)
        emit(desk, "payment_intent.succeeded", intent)
    later = details.kept_for_later(intent, method["type"])
    if later and intent["customer"] and method["customer"] in (None, intent["customer"]):
        new, method["_set_up"] = method["customer"] is None, True
        method["customer"] = intent["customer"]
        keep(desk, method)
        if new:
            emit(desk, "payment_method.attached", method)
    elif intent.pop("_named", False) and method["customer"] is None:
        # One that is nobody's pays once.
        keep(desk, method | {"_detached": True})
    if not manual:
        dispute_if_asked(desk, charge)
    return intent


def dispute_if_asked(desk: Desk, charge: Doc) -> None:
    """Some test cards and accounts dispute what was taken from them, and some banks only warn."""
    method = resolve(desk, charge["payment_method"])
    card = card_behind(method)
    if card is not None and card.warned:
        desk.later("warn_of_fraud", charge["id"], 0.0)
    if (card is not None and card.dispute) or method.get("_dispute"):
        desk.later("open_dispute", charge["id"], 0.0)
    elif rule := desk.faults.draw(Kind.DISPUTE, subject_of(charge)):
        desk.later("open_dispute", charge["id"], rule.seconds)


def _process(desk: Desk, intent: Doc, method: Doc) -> Doc:
    if details.held_first(intent, method["type"]):
        message = f"The payment method type {method['type']!r} does not support manual capture."
        raise invalid(message, "payment_method")
    charge = charges.pending(desk, intent, method)
    intent |= {"status": "processing", "next_action": None, "processing": {"type": method["type"]},
               "latest_charge": charge["id"], "last_payment_error": None}  # fmt: skip
    desk.save(intent)
    emit(desk, "payment_intent.processing", intent)
    desk.later("finish_debit", intent["id"], method["_seconds"])
    return intent


def finish_debit(desk: Desk, name: str) -> None:
    """A bank debit has come through, or bounced."""
    intent = desk.store.get("payment_intent", name)
    if intent is None or intent["status"] != "processing":
        return
    method = resolve(desk, intent["payment_method"])
    intent["processing"] = None
    charge = desk.find("charge", intent["latest_charge"])
    if method["_fails"]:
        _told_no(desk, intent, method, charges.bounced(desk, charge, BOUNCED), BOUNCED)
        return
    charge = charges.arrived(desk, charge)
    intent |= {"status": "succeeded", "amount_received": intent["amount"]}
    desk.save(intent)
    emit(desk, "payment_intent.succeeded", intent)
    dispute_if_asked(desk, charge)


def _decline(desk: Desk, intent: Doc, method: Doc, decline: Decline) -> Doc:
    intent = _fail(desk, intent, method, decline)
    error = {k: v for k, v in intent["last_payment_error"].items() if k not in ("type", "message")}
    raise Refused(402, "card_error", decline.message, **error, payment_intent=public(intent))


def _fail(desk: Desk, intent: Doc, method: Doc, decline: Decline) -> Doc:
    return _told_no(desk, intent, method, charges.failed(desk, intent, method, decline), decline)


def _told_no(desk: Desk, intent: Doc, method: Doc, charge: Doc, decline: Decline) -> Doc:
    intent["latest_charge"] = charge["id"]
    return _back_to_start(desk, intent, {**card_error(method, decline), "charge": charge["id"]})


def card_error(method: Doc, decline: Decline) -> Doc:
    """A bank's no, as an intent keeps it and as the refused call says it."""
    error: Doc = {
        "type": "card_error", "code": decline.code, "message": decline.message, "payment_method": public(method),
        "doc_url": f"https://docs.stripe.com/error-codes/{decline.code.replace('_', '-')}",
    }  # fmt: skip
    return error | ({"decline_code": decline.decline_code} if decline.decline_code else {})


def _back_to_start(desk: Desk, intent: Doc, error: Doc) -> Doc:
    intent |= {"status": "requires_payment_method", "payment_method": None, "next_action": None,
               "last_payment_error": error}  # fmt: skip
    desk.save(intent)
    emit(desk, "payment_intent.payment_failed", intent)
    return intent
