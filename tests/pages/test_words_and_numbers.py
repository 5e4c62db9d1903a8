"""What readers see: every language says everything, and money, times and dates read as people write them."""

import re
import string
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bottega.infra.web.i18n import LANGUAGES, catalogue, choose, translator
from bottega.kit.money import EXPONENTS

SOURCE = Path(__file__).resolve().parents[2] / "src"
NOON = datetime(2026, 11, 20, 11, 4, tzinfo=UTC)


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_language_has_the_same_messages() -> None:
    english = set(catalogue("en"))
    for language in LANGUAGES:
        assert set(catalogue(language)) == english, language


def test_every_translation_fills_the_same_values() -> None:
    for key, message in catalogue("en").items():
        for language in LANGUAGES:
            other = catalogue(language)[key]
            if isinstance(message, str):
                assert isinstance(other, str)
                assert _fields(other) == _fields(message), (language, key)
            else:
                assert not isinstance(other, str)
                assert _fields(other["other"]) == _fields(message["other"]), (language, key)


CHOSEN_BY_DATA = (
    "days.", "months.", "tags.", "refusal.", "track.", "error.", "checkout.", "manage.status_", "manage.pay_",
    "manage.refund_", "manage.dispute_", "manage.entry_", "manage.op_", "manage.attempt_", "manage.by_", "manage.event_",
    "manage.act_", "manage.tender_", "manage.done_", "manage.code_", "manage.side_", "manage.why_", "manage.compare_",
    "manage.differences_", "manage.no_differences_", "month_names.", "reason.", "reports.column_", "reports.kind_",
)  # fmt: skip


def test_every_message_is_said_somewhere() -> None:
    files = [path for path in SOURCE.rglob("*") if path.suffix in (".py", ".html")]
    said = "".join(path.read_text("utf-8") for path in files)
    unsaid = [key for key in catalogue("en") if f'"{key}"' not in said and f"'{key}'" not in said]
    assert [key for key in unsaid if not key.startswith(CHOSEN_BY_DATA)] == []


def test_messages_do_not_shout() -> None:
    for language in LANGUAGES:
        for key, message in catalogue(language).items():
            for text in [message] if isinstance(message, str) else message.values():
                assert "!" not in text, (language, key)


@pytest.mark.parametrize(
    ("header", "wanted", "locale"),
    [
        ("it-IT,it;q=0.9,en;q=0.8", "", "it"),
        ("fr-FR,de;q=0.5,en-US;q=0.9", "", "en-US"),
        ("de-ch", "", "de-CH"),
        ("it", "de", "de"),
        ("xx;q=abc, ,;q=,", "", "en"),
        ("", "<script>", "en"),
    ],
)
def test_the_language_is_the_one_asked_for_else_the_browsers_best(header: str, wanted: str, locale: str) -> None:
    assert choose(header, wanted) == locale


@pytest.mark.parametrize(
    ("locale", "minor", "currency", "text"),
    [
        ("en", 123450, "EUR", "€1,234.50"),
        ("it", 123450, "EUR", "1.234,50 €"),
        ("de", 5, "EUR", "0,05 €"),
        ("de-CH", 123450, "CHF", "CHF 1’234.50"),
        ("en-US", 0, "USD", "$0.00"),
        ("en", 480, "JPY", "¥480"),
        ("en", 1250, "KWD", "KWD 1.250"),
        ("en", -960, "GBP", "−£9.60"),
    ],
)
def test_money_is_written_with_the_currencys_own_digits(locale: str, minor: int, currency: str, text: str) -> None:
    assert translator(locale).money(minor, currency).replace("\u00a0", " ") == text


def test_no_amount_loses_a_digit_in_any_currency() -> None:
    for currency in EXPONENTS:
        for locale in ("en", "it", "de-CH"):
            written = translator(locale).money(1234567, currency)
            assert re.sub(r"\D", "", written) == "1234567", (locale, currency)


def test_times_are_the_stores_own() -> None:
    english, american = translator("en"), translator("en-US")
    assert english.time(NOON, "Europe/Rome") == "12:04"
    assert american.time(NOON, "Asia/Tokyo").replace("\u00a0", " ") == "8:04 pm"
    assert american.clock(0, 5).replace("\u00a0", " ") == "12:05 am"
    assert english.window(NOON, NOON + timedelta(minutes=3), "Europe/Rome") == "12:04–12:07"
    assert english.window(NOON, NOON + timedelta(seconds=3), "Europe/Rome") == "12:04"


def test_a_moment_says_its_day_when_it_is_not_today() -> None:
    t = translator("en")
    assert t.moment(NOON, "Europe/Rome", NOON) == "12:04"
    assert t.moment(NOON + timedelta(hours=20), "Europe/Rome", NOON).replace("\u00a0", " ") == "Sat 08:04"
    assert t.moment(NOON + timedelta(days=9), "Europe/Rome", NOON).replace("\u00a0", " ") == "Sun 29 Nov 12:04"


def test_plural_forms_follow_the_count() -> None:
    assert translator("en")("cart.count", count=1) == "1 item"
    assert translator("it")("cart.count", count=3) == "3 articoli"
