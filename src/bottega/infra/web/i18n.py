"""Words, money, dates and times in the reader's language.

Lives here: choosing a language, looking up messages with plural forms, formatting. Not here: the texts themselves
(`messages/*.toml`, one file a language) and what is said when. What must stay true: every language has the same keys
(a test compares them), an amount is an integer in the minor unit and is never a float on its way to the eye.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from bottega.kit.clock import local
from bottega.kit.money import exponent

MESSAGES = Path(__file__).with_name("messages")
DEFAULT = "en"
LANGUAGES = {"en": "English", "it": "Italiano", "de": "Deutsch"}
"""The languages with a catalogue, each by its own name."""

_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}
_NBSP = "\u00a0"
_MINUS = "\u2212"


@dataclass(frozen=True)
class _Habits:
    """How a locale writes numbers, money, days and hours."""

    point: str
    group: str
    symbol_first: bool
    hours: int
    day_month: str
    space_symbol: bool = False


_HABITS = {
    "en": _Habits(".", ",", symbol_first=True, hours=24, day_month="{weekday} {day} {month}"),
    "en-US": _Habits(".", ",", symbol_first=True, hours=12, day_month="{weekday}, {month} {day}"),
    "it": _Habits(",", ".", symbol_first=False, hours=24, day_month="{weekday} {day} {month}"),
    "de": _Habits(",", ".", symbol_first=False, hours=24, day_month="{weekday}, {day}. {month}"),
    "de-CH": _Habits(".", "’", symbol_first=True, hours=24, day_month="{weekday}, {day}. {month}", space_symbol=True),
}


@lru_cache(maxsize=8)
def catalogue(language: str) -> Mapping[str, str | Mapping[str, str]]:
    """All messages of a language by dotted key; a message with plural forms is a mapping with `one` and `other`."""
    tree = tomllib.loads((MESSAGES / f"{language}.toml").read_text("utf-8"))
    flat: dict[str, str | Mapping[str, str]] = {}

    def walk(prefix: str, node: Mapping[str, Any]) -> None:
        for name, value in node.items():
            key = f"{prefix}{name}"
            if isinstance(value, str):
                flat[key] = value
            elif value.keys() <= {"one", "other"}:
                flat[key] = cast("Mapping[str, str]", value)
            else:
                walk(f"{key}.", cast("Mapping[str, Any]", value))

    walk("", tree)
    return flat


def choose(accept_language: str, wanted: str = "") -> str:
    """The locale to speak: the one asked for by name, else the best of an Accept-Language header, else English."""
    offers: list[tuple[float, int, str]] = []
    for place, part in enumerate(accept_language[:500].split(",")):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        offers.append((-weight, place, tag.strip()))
    for tag in [wanted, *(tag for _, _, tag in sorted(offers))]:
        language, _, region = tag.partition("-")
        if language.lower() in LANGUAGES:
            regional = f"{language.lower()}-{region.upper()}"
            return regional if regional in _HABITS else language.lower()
    return DEFAULT


class Translator:
    """Everything a page says to one reader. Cheap to make; keep one for each locale with `translator()`."""

    def __init__(self, locale: str) -> None:
        self.locale = locale
        self.language = locale.partition("-")[0]
        self.direction = "ltr"
        self._messages = catalogue(self.language)
        self._habits = _HABITS[locale]

    def __call__(self, key: str, /, **values: object) -> str:
        """The message of a key with its `{names}` filled in; `count` chooses the plural form. Unknown keys raise."""
        message = self._messages[key]
        if not isinstance(message, str):
            message = message["one" if values.get("count") == 1 and "one" in message else "other"]
        return message.format_map(values) if values else message

    def has(self, key: str) -> bool:
        """Whether there is such a message; for words that data chooses, such as tags and codes."""
        return key in self._messages

    def number(self, value: int) -> str:
        """A whole number with its groups of three."""
        return f"{value:,}".replace(",", self._habits.group)

    def money(self, minor: int, currency: str) -> str:
        """An amount with its currency, as this locale writes it: €1,234.50 or 1.234,50 € or ¥480."""
        habits, digits = self._habits, exponent(currency)
        whole, rest = divmod(abs(minor), 10**digits)
        text = self.number(whole) + (f"{habits.point}{rest:0{digits}d}" if digits else "")
        sign = _MINUS if minor < 0 else ""
        symbol = _SYMBOLS.get(currency, currency)
        if habits.symbol_first:
            gap = _NBSP if habits.space_symbol or len(symbol) > 1 else ""
            return f"{sign}{symbol}{gap}{text}"
        return f"{sign}{text}{_NBSP}{symbol}"

    def percent(self, ppm: int) -> str:
        """A rate in millionths: 10 % or 8.875 %."""
        whole, rest = divmod(ppm, 10_000)
        digits = f"{rest:04d}".rstrip("0")
        return f"{whole}{self._habits.point if digits else ''}{digits}{_NBSP}%"

    def date(self, at: datetime, zone: str) -> str:
        """Date and time of an instant in a timezone: Fri 20 Nov 14:05."""
        return f"{self.day(at, zone)}{_NBSP}{self.time(at, zone)}"

    def delta(self, minor: int, currency: str) -> str:
        """A price difference with its sign; nothing for no difference."""
        return "" if minor == 0 else ("+" if minor > 0 else "") + self.money(minor, currency)

    def clock(self, hour: int, minute: int) -> str:
        """A wall-clock time: 19:00 or 7:00 pm."""
        if self._habits.hours == 24:
            return f"{hour:02d}:{minute:02d}"
        return f"{(hour - 1) % 12 + 1}:{minute:02d}{_NBSP}{'am' if hour < 12 else 'pm'}"

    def time(self, at: datetime, zone: str) -> str:
        """The time of day of an instant on the wall clock of a timezone."""
        there = local(at, zone)
        return self.clock(there.hour, there.minute)

    def window(self, start: datetime, end: datetime, zone: str) -> str:
        """A span of time: 12:10–12:15; one time if both read the same."""
        first, last = self.time(start, zone), self.time(end, zone)
        return first if first == last else f"{first}–{last}"

    def weekday(self, weekday: int) -> str:
        """The short name of a day, 0 being Monday."""
        return self(f"days.{weekday}")

    def moment(self, at: datetime, zone: str, now: datetime) -> str:
        """When something is, seen from `now`: the time alone today, with its weekday within a week, else with its date."""
        there, here = local(at, zone), local(now, zone)
        if there.date() == here.date():
            return self.time(at, zone)
        day = self.weekday(there.weekday()) if at - now < timedelta(days=6) else self.day(at, zone)
        return f"{day}{_NBSP}{self.time(at, zone)}"

    def day(self, at: datetime, zone: str) -> str:
        """The date of an instant in a timezone: Fri 20 Nov."""
        there = local(at, zone)
        return self._habits.day_month.format(
            weekday=self.weekday(there.weekday()), day=there.day, month=self(f"months.{there.month}")
        )


@lru_cache(maxsize=16)
def translator(locale: str) -> Translator:
    """The translator of a locale that `choose` returned."""
    return Translator(locale)
