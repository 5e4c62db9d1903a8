"""Text that people type: what is allowed in it, and the canonical forms under which it is compared."""

import re
import unicodedata

from bottega.kit.errors import FieldError, Invalid

# Control characters (C0, DEL, C1), lone surrogates, and the bidirectional overrides that can disguise text.
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_FORBIDDEN_LINE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@.]+(\.[^\s@.]+)+")


def clean(value: str, pointer: str, *, max_length: int = 200, lines: bool = False) -> str:
    """The text in NFC without surrounding blanks. Raises `Invalid` for control characters or too many of them."""
    pattern = _FORBIDDEN if lines else _FORBIDDEN_LINE
    if pattern.search(value):
        detail = f"{pointer} holds characters that are not text"
        raise Invalid(detail, errors=(FieldError(pointer, "control_characters", detail),))
    if len(value) > max_length:
        detail = f"{pointer} is longer than {max_length} characters"
        raise Invalid(detail, errors=(FieldError(pointer, "too_long", detail),))
    return unicodedata.normalize("NFC", value).strip()


def canonical_email(value: str, pointer: str = "/email") -> str:
    """An e-mail address as it is compared: NFKC, lower case, IDNA domain. Raises `Invalid` if it is none."""
    text = unicodedata.normalize("NFKC", clean(value, pointer, max_length=254)).lower()
    if not _EMAIL.fullmatch(text):
        detail = f"{pointer} is not an e-mail address"
        raise Invalid(detail, errors=(FieldError(pointer, "not_an_email", detail),))
    name, _, domain = text.rpartition("@")
    try:
        return f"{name}@{domain.encode('idna').decode()}"
    except UnicodeError as error:
        raise Invalid(f"{pointer} is not an e-mail address") from error


def canonical_phone(value: str, pointer: str = "/phone") -> str:
    """A phone number as digits with a leading plus (E.164, 7 to 15 digits); a leading 00 means plus."""
    digits = re.sub(r"[\s().\-/]", "", clean(value, pointer, max_length=40))
    digits = "+" + digits[2:] if digits.startswith("00") else digits
    if not re.fullmatch(r"\+?[0-9]{6,15}", digits):
        detail = f"{pointer} is not a phone number"
        raise Invalid(detail, errors=(FieldError(pointer, "not_a_phone_number", detail),))
    return digits
