"""Money: integers in the minor unit of one ISO 4217 currency. Floats never appear.

`apportion` and `tax_*` are the only places where money is divided; what they return always adds up again.
"""

from enum import StrEnum
from typing import NewType

from bottega.kit.errors import Invalid

Minor = NewType("Minor", int)
"""An amount in a currency's minor unit (cents for EUR, yen for JPY, fils for KWD)."""

PPM = 1_000_000
MAX_AMOUNT = 10**15

# ISO 4217 exponents other than 2, and the currencies a shop of ours can be run in.
_EXPONENTS = {"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3} | dict.fromkeys(
    ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"], 0
)
_TWO = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP "
    "CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS "
    "KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN "
    "PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD "
    "TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW ZWG"
).split()
EXPONENTS: dict[str, int] = dict.fromkeys(_TWO, 2) | _EXPONENTS


class Rounding(StrEnum):
    """What happens to half a minor unit."""

    HALF_UP = "HALF_UP"
    HALF_EVEN = "HALF_EVEN"
    DOWN = "DOWN"
    UP = "UP"


def exponent(currency: str) -> int:
    """Digits behind the point of an ISO 4217 code. Raises `Invalid` for an unknown one."""
    try:
        return EXPONENTS[currency]
    except KeyError as error:
        raise Invalid(f"{currency} is not a currency we know") from error


def parse_amount(text: str, currency: str) -> int:
    """An amount as somebody types it, `4.5` or `4,50`, in minor units. Raises `Invalid` for anything else.

    No groups of three: what is written `1.500` means one and a half in one country and 1,500 in another.
    """
    digits = exponent(currency)
    whole, _, rest = text.strip().replace(",", ".").partition(".")
    if not (whole.isascii() and whole.isdigit() and len(whole) <= 12) or len(rest) > digits:
        raise Invalid(f"{text[:20]} is not an amount of {currency}")
    if rest and not (rest.isascii() and rest.isdigit()):
        raise Invalid(f"{text[:20]} is not an amount of {currency}")
    return int(whole) * 10**digits + int(rest.ljust(digits, "0") or "0")


def divide(numerator: int, denominator: int, rounding: Rounding) -> int:
    """`numerator / denominator` as a whole number under the rule; halves go away from zero under HALF_UP."""
    assert denominator > 0
    sign = -1 if numerator < 0 else 1
    whole, rest = divmod(abs(numerator), denominator)
    if rounding is Rounding.UP:
        whole += rest > 0
    elif rounding is Rounding.HALF_UP:
        whole += 2 * rest >= denominator
    elif rounding is Rounding.HALF_EVEN:
        whole += 2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1)
    return sign * whole


def tax_added(net: int, rate_ppm: int, rounding: Rounding) -> int:
    """The tax on top of a net amount; `rate_ppm` is the rate in millionths (88750 is 8.875 %)."""
    return divide(net * rate_ppm, PPM, rounding)


def tax_included(gross: int, rate_ppm: int, rounding: Rounding) -> int:
    """The tax contained in a gross amount: gross x rate / (1 + rate)."""
    return divide(gross * rate_ppm, PPM + rate_ppm, rounding)


def apportion(amount: int, weights: list[int]) -> list[int]:
    """Spread a non-negative `amount` over `weights` by largest remainder: the parts add up to `amount` exactly.

    Ties go to the earlier weight. All-zero weights put everything on the first. Hamilton's method.
    """
    assert amount >= 0
    assert weights
    assert min(weights) >= 0
    total = sum(weights)
    if total == 0:
        return [amount, *([0] * (len(weights) - 1))]
    parts = [amount * weight // total for weight in weights]
    short = amount - sum(parts)
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % total), i))
    for index in by_remainder[:short]:
        parts[index] += 1
    return parts
