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
FRAUD = Decline("card_declined", "fraudulent", "Your card was declined.")
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

    `set_up` doesn't off session either, `no_secure` can't be asked at all. `refund` is succeeded, pending (first) or
    failed (later); `wallet` is the phone's; `risk` is what the provider thinks of it, `failing` which check it fails.
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
    set_up: bool = False
    no_secure: bool = False
    risk: str = "normal"
    failing: frozenset[str] = frozenset()
    warned: bool = False

    @property
    def decline_on_attach(self) -> Decline | None:
        """Why it can't even be saved; `fails_late` cards can, and decline when they are charged."""
        return None if self.fails_late or self.secure else self.decline


_LINE, _POSTAL = "address_line1_check", "address_postal_code_check"
_ALL: tuple[tuple[str, Card], ...] = (
    ("pm_card_visa", Card("4242424242424242", "visa")),
    ("pm_card_visa_debit", Card("4000056655665556", "visa", "debit")),
    ("pm_card_mastercard", Card("5555555555554444", "mastercard")),
    ("pm_card_mastercard_2", Card("2223003122003222", "mastercard")),
    ("pm_card_mastercard_debit", Card("5200828282828210", "mastercard", "debit")),
    ("pm_card_mastercard_prepaid", Card("5105105105105100", "mastercard", "prepaid")),
    ("pm_card_amex", Card("378282246310005", "amex", no_secure=True)),
    ("pm_card_amex_threeDSecureNotSupported", Card("378282246310005", "amex", no_secure=True)),
    ("pm_card_amex_2", Card("371449635398431", "amex")),
    ("pm_card_discover", Card("6011111111111117", "discover")),
    ("pm_card_diners", Card("3056930009020004", "diners")),
    ("pm_card_jcb", Card("3566002020360505", "jcb")),
    ("pm_card_unionpay", Card("6200000000000005", "unionpay")),
    ("pm_card_unionpay_debit", Card("6200000000000047", "unionpay", "debit")),
    ("pm_card_unionpay_19", Card("6205500000000000004", "unionpay")),
    ("pm_card_discover_2", Card("6011000990139424", "discover")),
    ("pm_card_discover_debit", Card("6011981111111113", "discover", "debit")),
    ("pm_card_diners_14", Card("36227206271667", "diners")),
    ("pm_card_gb_debit", Card("4000058260000005", "visa", "debit", "GB")),
    ("pm_card_bypassPending", Card("4000000000000077", "visa")),
    ("pm_card_bypassPendingInternational", Card("4000003720000278", "visa", country="IE")),
    ("pm_card_threeDSecureOptional", Card("4000000000003055", "visa")),
    ("pm_card_threeDSecureFrictionless", Card("4000000032200000", "visa")),
    ("pm_card_authenticationRequired", Card("4000002760003184", "visa", country="DE", secure=True)),
    (
        "pm_card_authenticationRequiredOnSetup",
        Card("4000002500003155", "visa", country="FR", secure=True, secure_once=True),
    ),
    (
        "pm_card_authenticationRequiredSetupForOffSession",
        Card("4000003800000446", "visa", country="IT", secure=True, set_up=True),
    ),
    (
        "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
        Card("4000008260003178", "visa", country="GB", secure=True, decline=INSUFFICIENT),
    ),
    ("pm_card_threeDSecureRequired", Card("4000000000003063", "visa", secure=True)),
    ("pm_card_threeDSecureRequiredChargeDeclined", Card("4000008400001629", "visa", secure=True, decline=GENERIC)),
    ("pm_card_threeDSecureRequiredProcessingError", Card("4000008400001280", "visa", secure=True, decline=PROCESSING)),
    ("pm_card_threeDSecure2Required", Card("4000000000003220", "visa", secure=True)),
    ("pm_card_chargeDeclined", Card("4000000000000002", "visa", decline=GENERIC)),
    ("pm_card_visa_chargeDeclined", Card("4000000000000002", "visa", decline=GENERIC)),
    ("pm_card_chargeDeclinedInsufficientFunds", Card("4000000000009995", "visa", decline=INSUFFICIENT)),
    ("pm_card_visa_chargeDeclinedInsufficientFunds", Card("4000000000009995", "visa", decline=INSUFFICIENT)),
    ("pm_card_chargeDeclinedLostCard", Card("4000000000009987", "visa", decline=LOST)),
    ("pm_card_visa_chargeDeclinedLostCard", Card("4000000000009987", "visa", decline=LOST)),
    ("pm_card_chargeDeclinedStolenCard", Card("4000000000009979", "visa", decline=STOLEN)),
    ("pm_card_visa_chargeDeclinedStolenCard", Card("4000000000009979", "visa", decline=STOLEN)),
    ("pm_card_chargeDeclinedFraudulent", Card("4100000000000019", "visa", decline=FRAUD, risk="highest")),
    ("pm_card_radarBlock", Card("4100000000000019", "visa", decline=FRAUD, risk="highest")),
    ("pm_card_riskLevelHighest", Card("4000000000004954", "visa", decline=FRAUD, risk="highest", fails_late=True)),
    ("pm_card_riskLevelElevated", Card("4000000000009235", "visa", risk="elevated")),
    ("pm_card_cvcCheckFail", Card("4000000000000101", "visa", decline=CVC, failing=frozenset({"cvc_check"}))),
    ("pm_card_avsFail", Card("4000000000000010", "visa", failing=frozenset({_LINE, _POSTAL}))),
    ("pm_card_avsLine1Fail", Card("4000000000000028", "visa", failing=frozenset({_LINE}))),
    ("pm_card_avsZipFail", Card("4000000000000036", "visa", failing=frozenset({_POSTAL}))),
    ("pm_card_chargeDeclinedExpiredCard", Card("4000000000000069", "visa", decline=EXPIRED)),
    ("pm_card_chargeDeclinedIncorrectCvc", Card("4000000000000127", "visa", decline=CVC)),
    ("pm_card_chargeDeclinedProcessingError", Card("4000000000000119", "visa", decline=PROCESSING)),
    ("pm_card_visa_chargeDeclinedVelocityLimitExceeded", Card("4000000000006975", "visa", decline=VELOCITY)),
    ("pm_card_chargeDeclinedAuthenticated", Card("4000008400001629", "visa", secure=True, decline=GENERIC)),
    ("pm_card_chargeCustomerFail", Card("4000000000000341", "visa", decline=GENERIC, fails_late=True)),
    ("pm_card_createIssuerFraudRecord", Card("4000000000005423", "visa", warned=True)),
    ("pm_card_createDispute", Card("4000000000000259", "visa", dispute="fraudulent")),
    ("pm_card_createDisputeProductNotReceived", Card("4000000000002685", "visa", dispute="product_not_received")),
    ("pm_card_createDisputeInquiry", Card("4000000000001976", "visa", dispute="inquiry")),
    ("pm_card_pendingRefund", Card("4000000000007726", "visa", refund="pending")),
    ("pm_card_refundFail", Card("4000000000005126", "visa", refund="failed")),
    ("pm_wallet_apple_pay", Card("4242424242424242", "visa", wallet="apple_pay")),
    ("pm_wallet_google_pay", Card("5555555555554444", "mastercard", wallet="google_pay")),
)

# Cards from abroad are named by their country: `pm_card_it`.
_ABROAD = """
    AE4000007840000001 AT4000000400000008 AU4000000360000006 BE4000000560000004 BG4000001000000000 BR4000000760000002
    BY4000001120000005 CA4000001240000000 CH4000007560000009 CL4000001520000001 CN4000001560000002 CO4000001700000003
    CR4000001880000005 CY4000001960000008 CZ4000002030000002 DE4000002760000016 DK4000002080000001 EC4000002180000000
    EE4000002330000009 ES4000007240000007 FI4000002460000001 FR4000002500000003 GB4000008260000000 GI4000002920000005
    GR4000003000000030 HK4000003440000004 HR4000001910000009 HU4000003480000005 IE4000003720000005 IN4000003560000008
    IT4000003800000008 JP4000003920000003 LI4000004380000004 LT4000004400000000 LU4000004420000006 LV4000004280000005
    MT4000004700000007 MX4000004840008001 MY4000004580000002 NL4000005280000002 NO4000005780000007 NZ4000005540000008
    PA4000005910000000 PE4000006040000068 PL4000006160000005 PT4000006200000007 PY4000006000000066 RO4000006420000001
    SA4000006820000007 SE4000007520000008 SG4000007020000003 SI4000007050000006 SK4000007030000001 TH4000007640000003
    TW4000001580000008 US4242424242424242 UY4000008580000003
"""
_FOREIGN = tuple((f"pm_card_{c[:2].lower()}", Card(c[2:], "visa", country=c[:2])) for c in _ABROAD.split())

BY_TOKEN: dict[str, Card] = dict(_ALL + _FOREIGN)
BY_NUMBER: dict[str, Card] = {card.number: card for _, card in reversed(_ALL + _FOREIGN)}


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
        "checks": {_LINE: None, _POSTAL: None, "cvc_check": "pass", **dict.fromkeys(card.failing, "fail")},
        "generated_from": None, "networks": {"available": [card.brand], "preferred": None},
        "three_d_secure_usage": {"supported": not card.no_secure},
        "wallet": {"type": card.wallet, "dynamic_last4": None, card.wallet: {}} if card.wallet else None,
    }  # fmt: skip


def future_expiry(now: datetime) -> tuple[int, int]:
    """Month and year that test tokens expire: next year, so that they never do."""
    return now.month, now.year + 1
