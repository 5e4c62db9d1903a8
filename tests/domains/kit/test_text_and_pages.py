"""Text that people type is cleaned or refused, and cursors read back only as themselves."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bottega.kit.errors import Invalid, Malformed
from bottega.kit.pagination import check_limit, decode_cursor, encode_cursor
from bottega.kit.text import canonical_email, canonical_phone, clean

BAD = [*map(chr, range(32)), "\x7f", "\x85", "\u202e", "\u2066", "\ud800"]


@given(
    st.text(
        st.characters(
            blacklist_categories=["Cc", "Cs"],
            blacklist_characters="\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
        ),
        max_size=200,
    )
)
def test_clean_text_is_composed_trimmed_and_stays_the_same(text: str) -> None:
    once = clean(text, "/note", max_length=1000)

    assert once == unicodedata.normalize("NFC", text).strip()
    assert clean(once, "/note", max_length=1000) == once


@pytest.mark.parametrize("bad", BAD, ids=ascii)
def test_characters_that_are_not_text_are_refused(bad: str) -> None:
    with pytest.raises(Invalid) as refused:
        clean(f"Giu{bad}lia", "/contact/name")
    assert refused.value.errors[0].pointer == "/contact/name"


def test_lines_may_be_broken_only_where_lines_are_meant() -> None:
    assert clean("one\ntwo", "/note", lines=True) == "one\ntwo"
    with pytest.raises(Invalid):
        clean("one\ntwo", "/note")
    with pytest.raises(Invalid):
        clean("x" * 201, "/note")


@pytest.mark.parametrize(("typed", "kept"), [
    ("Giulia@Example.COM", "giulia@example.com"), ("a@münchen.de", "a@xn--mnchen-3ya.de"),
    ("\uff41@example.com", "a@example.com"),
])  # fmt: skip
def test_an_email_is_kept_as_it_is_compared(typed: str, kept: str) -> None:
    assert canonical_email(typed) == kept


@pytest.mark.parametrize("typed", ["", "a", "a@b", "a b@c.de", "@c.de", "a@@c.de", "a@c..de", "a@" + "x" * 64 + ".de"])
def test_what_is_no_email_is_refused(typed: str) -> None:
    with pytest.raises(Invalid):
        canonical_email(typed)


@given(st.from_regex(r"(\+|00)?[1-9][0-9]{6,12}", fullmatch=True), st.sampled_from([" ", "-", ".", "/", "()"]))
def test_a_phone_number_is_its_digits_however_it_is_written(digits: str, filler: str) -> None:
    written = filler.join(digits) if filler != "()" else f"({digits[:3]}){digits[3:]}"

    assert canonical_phone(written) == canonical_phone(digits)
    assert canonical_phone(canonical_phone(digits)) == canonical_phone(digits)


@given(st.lists(st.text(max_size=20) | st.integers(-(2**62), 2**62), min_size=1, max_size=4))
def test_a_cursor_reads_back(position: list[str | int]) -> None:
    assert decode_cursor(encode_cursor(*position)) == position


@given(st.text(max_size=30))
def test_any_other_cursor_is_refused_or_a_position(text: str) -> None:
    try:
        found = decode_cursor(text)
    except Malformed:
        return
    assert isinstance(found, list)


@pytest.mark.parametrize("limit", [0, -1, 101, 10**9])
def test_a_page_has_1_to_100_entries(limit: int) -> None:
    assert check_limit(1) == 1
    assert check_limit(100) == 100
    with pytest.raises(Invalid):
        check_limit(limit)
