"""The provider's card form takes its colours from the page around it, also for people who want no motion."""

import pytest
from playwright.sync_api import Browser

from tests.pages.conftest import Site, opened
from tests.pages.test_ordering import add, check_out


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_what_is_typed_can_be_told_from_the_field(chromium: Browser, site: Site, motion: str) -> None:
    with opened(chromium, site, is_mobile=True, has_touch=True, reduced_motion=motion) as context:
        page = context.new_page()
        add(page, "Espresso")
        check_out(page, "Pay now by card")
        field = page.frame_locator("iframe[title='Secure card form']").get_by_label("Card number")
        ink, paper = field.evaluate("e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]")

        assert ink != paper
