"""The test cards: their numbers, the tokens that stand for them, and how each behaves. Data and its look-ups only.

A number that isn't here is declined as a real card in test mode would be.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from bottega.sandbox.problems import Doc


@dataclass(frozen=True, slots=True)
class Decline:
    """Why a bank says no: Stripe's `code`, its finer `decline_code`, and the sentence."""

    code: str
    decline_code: str | None
    message: str


GENERIC = Decline("card_declined", "generic_decline", "Your card was declined.")
INSUFFICIENT = Decline("card_declined", "insufficient_funds", "Your card has insufficient funds.")
LOST = Decline("card_declined", "lost_card", "Your card was declined.")
STOLEN = Decline("card_declined", "stolen_card", "Your card was declined.")
EXPIRED = Decline("expired_card", "expired_card", "Your card has expired.")
CVC = Decline("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.")
PROCESSING = Decline(
    "processing_error", "processing_error", "An error occurred while processing your card. Try again in a little bit."
)
VELOCITY = Decline("card_declined", "card_velocity_exceeded", "Your card was declined for making repeated attempts.")
NOT_A_TEST_CARD = Decline(
    "card_declined", "test_mode_live_card",
    "Your card was declined. Your request was in test mode, but used a non test card.",
)  # fmt: skip
UNAUTHENTICATED = Decline(
    "authentication_required", "authentication_required",
    "Your card was declined. This transaction requires authentication.",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Card:
    """`secure` asks for 3-D Secure, `secure_once` not again when saved by a payment that passed it.

    `refund` is succeeded, pending (first) or failed (later); `wallet` is the phone's.
    """

    number: str
    brand: str
    funding: str = "credit"
    country: str = "US"
    secure: bool = False
    decline: Decline | None = None
    dispute: str = ""
    refund: str = "succeeded"
    wallet: str = ""
    secure_once: bool = False
    fails_late: bool = False

    @property
    def decline_on_attach(self) -> Decline | None:
        """Why it can't even be saved; `fails_late` cards can, and decline when they are charged."""
        return None if self.fails_late or self.secure else self.decline


_ALL: tuple[tuple[str, Card], ...] = (
    ("pm_card_visa", Card("4242424242424242", "visa")),
    ("pm_card_visa_debit", Card("4000056655665556", "visa", "debit")),
    ("pm_card_mastercard", Card("5555555555554444", "mastercard")),
    ("pm_card_mastercard_2", Card("2223003122003222", "mastercard")),
    ("pm_card_mastercard_debit", Card("5200828282828210", "mastercard", "debit")),
    ("pm_card_mastercard_prepaid", Card("5105105105105100", "mastercard", "prepaid")),
    ("pm_card_amex", Card("378282246310005", "amex")),
    ("pm_card_discover", Card("6011111111111117", "discover")),
    ("pm_card_diners", Card("3056930009020004", "diners")),
    ("pm_card_jcb", Card("3566002020360505", "jcb")),
    ("pm_card_unionpay", Card("6200000000000005", "unionpay")),
    ("pm_card_it", Card("4000003800000008", "visa", country="IT")),
    ("pm_card_de", Card("4000002760000016", "visa", country="DE")),
    ("pm_card_authenticationRequired", Card("4000002760003184", "visa", country="DE", secure=True)),
    (
        "pm_card_authenticationRequiredOnSetup",
        Card("4000002500003155", "visa", country="FR", secure=True, secure_once=True),
    ),
    ("pm_card_threeDSecure2Required", Card("4000000000003220", "visa", secure=True)),
    ("pm_card_chargeDeclined", Card("4000000000000002", "visa", decline=GENERIC)),
    ("pm_card_visa_chargeDeclined", Card("4000000000000002", "visa", decline=GENERIC)),
    ("pm_card_chargeDeclinedInsufficientFunds", Card("4000000000009995", "visa", decline=INSUFFICIENT)),
    ("pm_card_visa_chargeDeclinedInsufficientFunds", Card("4000000000009995", "visa", decline=INSUFFICIENT)),
    ("pm_card_chargeDeclinedLostCard", Card("4000000000009987", "visa", decline=LOST)),
    ("pm_card_visa_chargeDeclinedLostCard", Card("4000000000009987", "visa", decline=LOST)),
    ("pm_card_chargeDeclinedStolenCard", Card("4000000000009979", "visa", decline=STOLEN)),
    ("pm_card_chargeDeclinedExpiredCard", Card("4000000000000069", "visa", decline=EXPIRED)),
    ("pm_card_chargeDeclinedIncorrectCvc", Card("4000000000000127", "visa", decline=CVC)),
    ("pm_card_chargeDeclinedProcessingError", Card("4000000000000119", "visa", decline=PROCESSING)),
    ("pm_card_visa_chargeDeclinedVelocityLimitExceeded", Card("4000000000006975", "visa", decline=VELOCITY)),
    ("pm_card_chargeDeclinedAuthenticated", Card("4000008400001629", "visa", secure=True, decline=GENERIC)),
    ("pm_card_chargeCustomerFail", Card("4000000000000341", "visa", decline=GENERIC, fails_late=True)),
    ("pm_card_createDispute", Card("4000000000000259", "visa", dispute="fraudulent")),
    ("pm_card_createDisputeProductNotReceived", Card("4000000000002685", "visa", dispute="product_not_received")),
    ("pm_card_createDisputeInquiry", Card("4000000000001976", "visa", dispute="inquiry")),
    ("pm_card_pendingRefund", Card("4000000000007726", "visa", refund="pending")),
    ("pm_card_refundFail", Card("4000000000005126", "visa", refund="failed")),
    ("pm_wallet_apple_pay", Card("4242424242424242", "visa", wallet="apple_pay")),
    ("pm_wallet_google_pay", Card("5555555555554444", "mastercard", wallet="google_pay")),
)

BY_TOKEN: dict[str, Card] = dict(_ALL)
BY_NUMBER: dict[str, Card] = {card.number: card for _, card in reversed(_ALL)}


def card_of(number: str) -> Card:
    """The test card with this number; any other is a card that declines. Keep only its last four digits."""
    known = BY_NUMBER.get(number)
    return known or Card("0" * (len(number) - 4) + number[-4:], brand_of(number), decline=NOT_A_TEST_CARD)


def brand_of(number: str) -> str:
    """By the first digits, as on the form."""
    for brand, prefixes in (
        ("visa", ("4",)), ("amex", ("34", "37")), ("mastercard", ("5", "2")), ("discover", ("6011", "65")),
        ("diners", ("30", "36", "38")), ("jcb", ("35",)), ("unionpay", ("62",)),
    ):  # fmt: skip
        if number.startswith(prefixes):
            return brand
    return "unknown"


def luhn(number: str) -> bool:
    """The check digit is right."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def face(card: Card, exp_month: int, exp_year: int) -> Doc:
    """The `card` part of a payment method."""
    return {
        "brand": card.brand, "display_brand": card.brand, "last4": card.number[-4:], "funding": card.funding,
        "country": card.country, "exp_month": exp_month, "exp_year": exp_year,
        "fingerprint": hashlib.sha256(card.number.encode()).hexdigest()[:16],
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "generated_from": None, "networks": {"available": [card.brand], "preferred": None},
        "three_d_secure_usage": {"supported": True},
        "wallet": {"type": card.wallet, "dynamic_last4": None, card.wallet: {}} if card.wallet else None,
    }  # fmt: skip


def future_expiry(now: datetime) -> tuple[int, int]:
    """Month and year that test tokens expire: next year, so that they never do."""
    return now.month, now.year + 1
