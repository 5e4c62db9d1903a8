"""The kitchen board in a real browser against the running shop: what two baristas do, and what the network does to them."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from bottega.entrypoints.seed import SeedResult
from tests.conftest import SECRET
from tests.pages.kitchen import Board, Kitchen, open_board, until
from tests.simulators import http as clients
from tests.simulators.browser import violations
from tests.simulators.nursery import Nursery

Open = Callable[[], Board]


@pytest.fixture(scope="module")
def kitchen(module_shop_url: str, shop_template: tuple[str, SeedResult], born: Nursery) -> Iterator[Kitchen]:
    shop = Kitchen(module_shop_url, SECRET, shop_template[1], born)
    try:
        shop.start()
        yield shop
    finally:
        shop.stop()


@pytest.fixture
def board(chromium: Browser, kitchen: Kitchen) -> Iterator[Open]:
    opened: list[Board] = []

    def opening() -> Board:
        opened.append(open_board(chromium, kitchen))
        return opened[-1]

    yield opening
    for each in opened:
        each.context.close()


def statuses(kitchen: Kitchen, order: dict[str, object]) -> list[str]:
    return [each["to_status"] for each in kitchen.read(order)["history"] if each["to_status"]]


def test_a_new_order_appears_and_both_boards_follow_each_bump(board: Open, kitchen: Kitchen) -> None:
    first, second = board(), board()
    order = kitchen.order("Nora")
    first.shows(order, "QUEUED", 2)
    expect(first.ticket(order)).to_contain_text("Nora")
    first.bump(order)
    second.shows(order, "STARTED", 1)
    until(lambda: kitchen.status(order) == "IN_PROGRESS")
    second.bump(order)
    expect(first.ready(order)).to_be_visible(timeout=2_500)
    until(lambda: kitchen.status(order) == "READY")


def test_a_double_tap_moves_a_ticket_once(board: Open, kitchen: Kitchen) -> None:
    here, order = board(), kitchen.order()
    here.shows(order, "QUEUED")
    here.ticket(order).locator(".bump").dblclick()
    until(lambda: kitchen.status(order) == "IN_PROGRESS")
    here.page.wait_for_timeout(300)
    here.shows(order, "STARTED")


def test_two_baristas_never_advance_a_ticket_twice(board: Open, kitchen: Kitchen) -> None:
    first, second, order = board(), board(), kitchen.order()
    second.shows(order, "QUEUED")
    second.offline()
    first.bump(order)
    until(lambda: kitchen.status(order) == "IN_PROGRESS")
    second.shows(order, "QUEUED")
    second.bump(order)
    second.online()
    expect(second.page.locator("[data-toast]")).to_contain_text("was faster")
    second.shows(order, "STARTED")
    first.shows(order, "STARTED")
    assert statuses(kitchen, order).count("IN_PROGRESS") == 1
    assert kitchen.status(order) == "IN_PROGRESS"


def test_a_bump_can_be_taken_back_while_the_order_goes_on(board: Open, kitchen: Kitchen) -> None:
    first, second, order = board(), board(), kitchen.order()
    first.shows(order, "QUEUED")
    first.bump(order)
    second.shows(order, "STARTED")
    first.page.locator('[data-act="undo"]').click()
    first.shows(order, "QUEUED")
    second.shows(order, "QUEUED")
    assert kitchen.status(order) == "IN_PROGRESS"
    first.bump(order)
    second.shows(order, "STARTED")


def test_bumps_made_without_a_network_are_sent_in_order_when_it_returns(board: Open, kitchen: Kitchen) -> None:
    here, one, two = board(), kitchen.order(), kitchen.order()
    here.shows(two, "QUEUED")
    here.offline()
    here.bump(one)
    here.page.wait_for_timeout(600)
    here.bump(one)
    here.bump(two)
    expect(here.page.locator("[data-banner]")).to_contain_text("3 bumps waiting")
    expect(here.ready(one)).to_be_visible()
    assert kitchen.status(one) == "PLACED"
    here.online()
    until(lambda: kitchen.status(one) == "READY")
    until(lambda: kitchen.status(two) == "IN_PROGRESS")
    assert statuses(kitchen, one)[-2:] == ["IN_PROGRESS", "READY"]
    expect(here.page.locator("[data-banner]")).to_have_count(0)


def test_a_reload_without_a_network_keeps_the_board_and_its_unsent_bumps(board: Open, kitchen: Kitchen) -> None:
    here, order = board(), kitchen.order()
    here.shows(order, "QUEUED")
    here.page.evaluate("() => navigator.serviceWorker.ready")
    until(lambda: here.page.evaluate("async () => (await (await caches.open('bottega-kitchen-1')).keys()).length > 3"))
    here.offline()
    here.bump(order)
    expect(here.page.locator("[data-banner]")).to_contain_text("1 bump waiting")
    here.page.reload()
    here.shows(order, "STARTED")
    expect(here.page.locator("[data-banner]")).to_contain_text("1 bump waiting")
    here.online()
    until(lambda: kitchen.status(order) == "IN_PROGRESS")


def test_a_finished_ticket_is_recalled_to_the_front(board: Open, kitchen: Kitchen) -> None:
    first, second, order = board(), board(), kitchen.order()
    kitchen.order()
    first.shows(order, "QUEUED")
    first.bump(order)
    first.shows(order, "STARTED")
    first.page.wait_for_timeout(600)
    first.bump(order)
    expect(second.ready(order)).to_be_visible()
    second.panel("recall")
    second.page.locator(f'[data-recall][data-number="{order["number"]}"] button').click()
    first.shows(order, "STARTED")
    expect(first.ticket(order)).to_contain_text("Recalled")
    assert first.page.locator("[data-ticket]").first.get_attribute("data-number") == order["number"]
    assert kitchen.status(order) == "READY"


def test_an_unpaid_order_is_handed_over_with_tender_and_receipt(board: Open, kitchen: Kitchen) -> None:
    here, order = board(), kitchen.order()
    here.shows(order, "QUEUED")
    here.bump(order)
    here.page.wait_for_timeout(600)
    here.bump(order)
    here.ready(order).locator(".over").click()
    dialog = here.page.get_by_role("dialog")
    dialog.locator('[type="submit"]').click()
    expect(dialog).to_contain_text("Type the number on the till's receipt")
    dialog.get_by_role("button", name="Card").click()
    dialog.get_by_label("Receipt number").fill("R-1042")
    dialog.locator('[type="submit"]').click()
    expect(here.ready(order)).to_have_count(0)
    until(lambda: kitchen.status(order) == "COMPLETED")


def test_sold_out_reaches_the_menu_within_two_seconds_and_can_be_taken_back(board: Open, kitchen: Kitchen) -> None:
    first, second = board(), board()
    product = next(each for each in reversed(kitchen.menu()["products"]) if each["available"])

    def available() -> bool:
        return next(each for each in kitchen.menu()["products"] if each["product_id"] == product["product_id"])[
            "available"
        ]

    row = f'[data-sellable="{product["product_id"]}"]'
    for each in (first, second):
        each.panel("sold_out")
        each.page.get_by_role("searchbox").fill(product["name"])
    first.page.locator(row).get_by_role("button", name="Sold out").click()
    first.page.get_by_role("button", name="Until end of day").click()
    until(lambda: not available(), 2)
    expect(second.page.locator(row)).to_contain_text("Sold out")
    first.page.locator('[data-act="undo"]').click()
    until(available, 2)
    expect(second.page.locator(row)).to_contain_text("On sale")


def test_pausing_the_intake_closes_the_store_to_customers_until_it_is_resumed(board: Open, kitchen: Kitchen) -> None:
    here = board()
    here.panel("intake")
    here.page.get_by_role("button", name="Pause 10 min").click()
    until(lambda: clients.get(kitchen.base).json()["status"] == "PAUSED", 2)
    expect(here.page.locator(".chip-warn")).to_contain_text("aused")
    before = clients.get(kitchen.base).json()["ready_estimate"]["min_minutes"]
    here.page.get_by_role("button", name="More", exact=True).click()
    until(lambda: clients.get(kitchen.base).json()["ready_estimate"]["min_minutes"] > before, 2)
    here.page.get_by_role("button", name="Resume now").click()
    until(lambda: clients.get(kitchen.base).json()["status"] == "OPEN", 2)
    expect(here.page.locator(".chip-warn")).to_have_count(0)


def test_a_cancelled_ticket_stays_struck_through_until_somebody_has_seen_it(board: Open, kitchen: Kitchen) -> None:
    here, guest = board(), kitchen.guest()
    order = kitchen.order(guest=guest)
    here.shows(order, "QUEUED")
    cancelled = clients.post(
        f"{kitchen.url}/v1/orders/{order['order_id']}/cancel", json={}, headers={**guest, "Idempotency-Key": "stop"}
    )
    assert cancelled.status_code == 200, cancelled.text
    here.shows(order, "CANCELLED", 2)
    here.ticket(order).get_by_role("button", name="Cancelled · seen").click()
    here.lacks(order)


def test_keys_pick_and_bump_and_a_new_ticket_takes_no_focus_away(board: Open, kitchen: Kitchen) -> None:
    here, _ = board(), kitchen.order()
    here.page.locator("[data-ticket]").first.wait_for()
    here.page.keyboard.press("1")
    focused = "() => document.activeElement.dataset.number"
    number = here.page.evaluate(focused)
    assert number == here.page.locator("[data-ticket]").first.get_attribute("data-number")
    newest = kitchen.order()
    here.shows(newest, "QUEUED")
    assert here.page.evaluate(focused) == number
    here.page.keyboard.press("a")
    expect(here.page.get_by_role("dialog", name="All day")).to_be_visible()
    here.page.keyboard.press("Escape")
    expect(here.page.get_by_role("dialog")).to_have_count(0)


def test_sixty_tickets_show_a_bump_within_a_tenth_of_a_second(board: Open, kitchen: Kitchen) -> None:
    here, guest = board(), kitchen.guest()
    for _ in range(60):
        kitchen.order(guest=guest)
    until(lambda: here.page.locator("[data-ticket]").count() >= 60, 20)
    painted = """async () => {
      const times = [];
      for (let turn = 0; turn < 12; turn += 1) {
        const start = performance.now();
        document.querySelector('.bump').click();
        await new Promise((done) => requestAnimationFrame(() => {
          const channel = new MessageChannel();
          channel.port1.onmessage = done;
          channel.port2.postMessage(0);
        }));
        times.push(performance.now() - start);
        await new Promise((done) => setTimeout(done, 250));
      }
      return times;
    }"""
    times: list[float] = here.page.evaluate(painted)
    # The quickest is the board's own time; the rest is what else the machine was doing.
    assert min(times) < 100, times


def test_the_board_has_no_accessibility_violations_and_targets_for_fingers(board: Open, kitchen: Kitchen) -> None:
    here, order = board(), kitchen.order(lines=3)
    here.shows(order, "QUEUED")
    here.page.wait_for_timeout(400)
    assert violations(here.page) == []
    small = here.page.evaluate(
        "() => [...document.querySelectorAll('button, a')].filter((e) => e.offsetParent && e.offsetHeight < 64).length"
    )
    assert small == 0
