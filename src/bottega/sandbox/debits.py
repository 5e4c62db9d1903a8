"""Bank debits: they are `processing` for a while, and the bank's word comes later. Test accounts and how they behave.

An IBAN that isn't a test account goes through, as long as its check digits are right; only its last four are kept.
"""

import hashlib
from dataclasses import dataclass

from bottega.sandbox.params import Params
from bottega.sandbox.problems import Doc, Refused, missing_param

DEBITS = frozenset({"us_bank_account", "sepa_debit", "bacs_debit"})


@dataclass(frozen=True, slots=True)
class Account:
    """What becomes of a debit: whether it comes through, after how many seconds, and whether it is disputed then."""

    fails: bool = False
    seconds: float = 3.0
    dispute: str = ""


GOOD = Account()
SLOW_SECONDS = 180.0
IBANS: dict[str, Account] = {
    "DE89370400440532013000": GOOD,
    "DE08370400440532013003": Account(seconds=SLOW_SECONDS),
    "DE62370400440532013001": Account(fails=True),
    "DE78370400440532013004": Account(fails=True, seconds=SLOW_SECONDS),
    "DE35370400440532013002": Account(dispute="debit_not_authorized"),
    "FR1420041010050500013M02606": GOOD,
    "FR8420041010050500013M02607": Account(fails=True),
    "FR7920041010050500013M02600": Account(dispute="debit_not_authorized"),
}
TOKENS: dict[str, Account] = {
    "pm_usBankAccount_success": GOOD,
    "pm_usBankAccount_processing": Account(seconds=SLOW_SECONDS),
    "pm_usBankAccount_noAccount": Account(fails=True),
    "pm_usBankAccount_dispute": Account(dispute="debit_not_authorized"),
}
US_ACCOUNTS: dict[str, Account] = {
    "000123456789": GOOD,
    "000111111116": Account(fails=True),
    "000222222227": Account(fails=True),
}


def iban_is_valid(iban: str) -> bool:
    """Country, length and the check digits (ISO 7064, 97 into 1)."""
    if not (15 <= len(iban) <= 34 and iban.isascii() and iban.isalnum() and iban[:2].isalpha() and iban[2:4].isdigit()):
        return False
    return int("".join(str(int(letter, 36)) for letter in iban[4:] + iban[:4])) % 97 == 1


def read(kind: str, data: Params) -> tuple[Doc, Account]:
    """What is shown of the account, and how it behaves. `data` is the level that holds `sepa_debit[iban]`."""
    below = data.table(kind)
    if kind == "sepa_debit":
        if below is None:
            raise missing_param("sepa_debit[iban]")
        iban = below.required("iban").replace(" ", "").upper()
        if not iban_is_valid(iban):
            message = "The IBAN you provided is invalid."
            raise Refused(
                400, "invalid_request_error", message, stored=False, param="sepa_debit[iban]",
                code="invalid_bank_account_iban",
            )  # fmt: skip
        return {**_face(iban), "bank_code": iban[4:12], "branch_code": "", "country": iban[:2], "generated_from": None,
                "mandate": None}, IBANS.get(iban, GOOD)  # fmt: skip
    if kind == "us_bank_account":
        number = (below.text("account_number") if below else None) or "000123456789"
        return {**_face(number), "account_holder_type": "individual", "account_type": "checking",
                "bank_name": "STRIPE TEST BANK", "routing_number": "110000000"}, US_ACCOUNTS.get(number, GOOD)  # fmt: skip
    number = (below.text("account_number") if below else None) or "00012345"
    return {**_face(number), "sort_code": "108800"}, GOOD


def us_face() -> Doc:
    """The account that the test tokens stand for."""
    return {**_face("000123456789"), "bank_name": "STRIPE TEST BANK"}


def _face(number: str) -> Doc:
    return {"last4": number[-4:], "fingerprint": hashlib.sha256(number.encode()).hexdigest()[:16]}
