"""Reasons that we give ourselves are said in every language; what people typed stays as it is."""

import pytest

from bottega.domains.orders.model import Shortage
from bottega.domains.orders.pages.words import reason_in_words
from bottega.domains.orders.rules.reasons import Reason, unavailable
from bottega.domains.orders.states import ShortageState
from bottega.infra.web.i18n import LANGUAGES, translator
from tests.simulators import values


@pytest.mark.parametrize("locale", LANGUAGES)
def test_every_reason_of_our_own_has_words(locale: str) -> None:
    t = translator(locale)

    assert all(reason_in_words(t, reason) == t(f"reason.{reason.name}") for reason in Reason)


@pytest.mark.parametrize("said", ["", "sold out"])
def test_what_is_out_is_said_in_the_readers_language(said: str) -> None:
    line = values.line(name="Cornetto")
    shortage = Shortage(
        merchant_id=values.MERCHANT, store_id=values.STORE, shortage_id=line.line_id, order_id=line.line_id,
        line_id=line.line_id, state=ShortageState.OFFERED, line=line, substitutes=(), missing="Cornetto", reason=said,
        reported_by=None, created_at=values.NOW, due_at=values.NOW, before_minor=300,
    )  # fmt: skip
    more = f" ({said})" if said else ""

    assert unavailable(shortage) == f"Cornetto is not available{more}"
    assert reason_in_words(translator("it"), unavailable(shortage)) == f"Cornetto non è disponibile{more}"


@pytest.mark.parametrize("typed", ["The soup was cold", "cold", "zu spät (20 min)", "no_such_code", "a_B", ""])
def test_what_people_typed_stays_as_it_is(typed: str) -> None:
    assert reason_in_words(translator("de"), typed) == typed
