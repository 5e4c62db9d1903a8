"""Illustrations and icons: well-formed, in the palette, allowed by the content policy."""

import re
import tomllib
from pathlib import Path
from xml.etree import ElementTree

from bottega.infra.web.icons import icon, names
from bottega.infra.web.illustrations import illustration, keys
from bottega.infra.web.pages import content_policy

COLOUR = re.compile(r'(?:fill|stroke)="([^"]+)"')


def test_every_drawing_is_well_formed_and_speaks_only_the_palette() -> None:
    for key in keys():
        drawing = str(illustration(key))
        ElementTree.fromstring(drawing)  # noqa: S314 - our own drawing
        for colour in COLOUR.findall(drawing):
            assert colour == "none" or colour.startswith("var(--art-"), (key, colour)


def test_no_drawing_needs_an_inline_style_or_an_id() -> None:
    for key in keys():
        assert "style=" not in illustration(key)
        assert " id=" not in illustration(key)


def test_an_unknown_key_still_gives_a_picture() -> None:
    assert illustration("nobody drew this") == illustration("plain")
    assert illustration("Iced-Latte") == illustration("iced_latte")


def test_everything_the_demo_sells_has_a_picture_of_its_own() -> None:
    seed = Path(__file__).parents[2] / "src/bottega/entrypoints/seed/catalogue.toml"
    pictures = {product["image"] for product in tomllib.loads(seed.read_text("utf-8"))["products"]}
    assert len(pictures) >= 16
    assert [key for key in pictures if illustration(key) == illustration("plain")] == []


def test_every_icon_is_well_formed_and_hidden_from_readers() -> None:
    for name in names():
        ElementTree.fromstring(str(icon(name)))  # noqa: S314 - our own drawing
        assert 'aria-hidden="true"' in icon(name)


def test_a_foreign_origin_is_allowed_only_where_it_was_asked_for() -> None:
    assert "unsafe" not in content_policy()
    assert "https" not in content_policy()
    with_provider = content_policy(("https://js.example.com",))
    assert "script-src 'self' https://js.example.com" in with_provider
    assert "frame-src https://js.example.com" in with_provider
    assert "style-src 'self';" in with_provider
