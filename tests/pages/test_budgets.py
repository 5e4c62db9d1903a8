"""What a page may weigh, gzipped. The browser's files have to be built (`make` does it)."""

import gzip

import pytest

from bottega.infra.web.pages import STATIC, manifest

KILOBYTES = {
    "site.js": 25.0,
    "checkout.js": 10.0,
    "live.js": 10.0,
    "site.css": 10.0,
}


@pytest.mark.parametrize(("name", "limit"), KILOBYTES.items())
def test_an_asset_stays_within_its_budget(name: str, limit: float) -> None:
    size = len(gzip.compress((STATIC / manifest()[name]).read_bytes(), 9)) / 1000
    assert size <= limit, f"{name} weighs {size:.1f} kB"


def test_faces_are_preloaded_by_names_that_the_build_knows() -> None:
    assert {"inter.woff2", "fraunces.woff2", "icon.svg"} <= set(manifest())
