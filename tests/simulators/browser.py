"""The browser of the page tests: the one that `make test` found on this machine or brought to it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from machine import find_chromium
from playwright.sync_api import Browser, sync_playwright


@contextmanager
def launched(options: Sequence[str]) -> Iterator[Browser]:
    """A Chromium or Chrome for the time of a block; `BOTTEGA_CHROMIUM` names one, as `make test` does."""
    program = find_chromium()
    assert program is not None, "no Chromium: make test brings one"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(options))
        yield browser
        browser.close()
