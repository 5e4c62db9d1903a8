"""The browser of the page tests: the one that `make test` found on this machine or brought to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from machine import find_chromium
from playwright.sync_api import Browser, Page, sync_playwright

OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@contextmanager
def launched() -> Iterator[Browser]:
    """A Chromium or Chrome for the time of a block; `BOTTEGA_CHROMIUM` names one, as `make test` does."""
    program = find_chromium()
    assert program is not None, "no Chromium: make test brings one"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=OPTIONS)
        yield browser
        browser.close()


def violations(page: Page, **options: object) -> list[str]:
    """What axe finds wrong with a page as it is now: the rule and where. It is told of no more than that, which is quick."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found: list[dict[str, Any]] = page.evaluate(
        "async (options) => (await axe.run(document, options)).violations", {"resultTypes": ["violations"], **options}
    )
    return [f"{each['id']}: {[node['html'][:120] for node in each['nodes']]}" for each in found]
