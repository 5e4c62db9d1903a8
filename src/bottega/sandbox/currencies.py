"""Which currencies the provider takes, and how little or much of each. Amounts are in the minor unit."""

from bottega.sandbox.problems import invalid

ZERO_DECIMAL = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"]
)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
_TWO_DECIMAL = """
    usd eur gbp chf aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf cny
    cop crc cve czk dkk dop dzd egp etb fjd fkp gel gip gmd gtq gyd hkd hnl htg huf idr ils inr isk jmd kes kgs khr kyd
    kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk php pkr
    pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah uyu uzs wst xcd yer
    zar zmw
"""
CURRENCIES = ZERO_DECIMAL | THREE_DECIMAL | frozenset(_TWO_DECIMAL.split())
# What the networks can't settle: the last digit of three-decimal currencies, the decimals of those that have none now.
_IN_TENS = THREE_DECIMAL
_IN_HUNDREDS = frozenset({"isk", "ugx"})
LARGEST = 99_999_999


def exponent(currency: str) -> int:
    """Digits after the point: 0 for JPY, 3 for KWD, else 2."""
    return 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2


def check_currency(currency: str) -> str:
    """In lower case; refused when it isn't one."""
    known = currency.lower()
    if known not in CURRENCIES:
        raise invalid(f"Invalid currency: {currency[:10]}.", "currency")
    return known


def smallest(currency: str) -> int:
    """Half a unit (50 yen where there is nothing smaller)."""
    return 500 if currency in THREE_DECIMAL else 50


def check_amount(amount: int, currency: str) -> None:
    """Refuse an amount that the provider wouldn't take."""
    if amount < 1:
        raise invalid("This value must be greater than or equal to 1.", "amount", "parameter_invalid_integer")
    if amount < smallest(currency):
        raise invalid(
            f"The amount must be at least {smallest(currency)} ({currency}, minor units).", "amount", "amount_too_small"
        )
    if (currency in _IN_TENS and amount % 10) or (currency in _IN_HUNDREDS and amount % 100):
        digits = 1 if currency in _IN_TENS else 2
        raise invalid(f"Amounts in {currency} must end in {'0' * digits}.", "amount", "parameter_invalid_integer")
    if amount > LARGEST:
        raise invalid(f"The amount must be no more than {LARGEST} (minor units).", "amount", "amount_too_large")


def shown(amount: int, currency: str) -> str:
    """`14.20 EUR`, for people."""
    digits = exponent(currency)
    text = f"{amount / 10**digits:,.{digits}f}"
    return f"{text} {currency.upper()}"
