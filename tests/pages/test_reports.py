"""The manager's reports in a browser: the answer is there in large, by month, without JavaScript too; files do not run."""

import csv
import io
import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from bottega.kit import ids
from tests.pages.conftest import Site, opened
from tests.pages.test_accessibility import check

EVIL = '=HYPERLINK("http://127.0.0.1","x")'
FILL = """
with s as (select * from stores where slug = 'milano'),
u as (insert into users (merchant_id, user_id, kind, name, login_index, login_sealed, password_hash)
  select merchant_id, %s::uuid, 'CUSTOMER', %s, decode(md5(%s), 'hex'), '', '' from s),
o as (insert into orders (merchant_id, store_id, order_id, number, business_date, status, seq, fulfillment_type, pay_mode,
    currency, subtotal_minor, discount_minor, tax_minor, tax_included, total_minor, menu_version, payment_id, placed_by,
    idempotency_key, fingerprint, promised_at, created_at, updated_at)
  select merchant_id, store_id, %s::uuid, %s, '2026-01-10', 'COMPLETED', 1, 'PICKUP', 'AT_STORE', 'EUR', %s, 0, 0, true, %s, 1,
    %s::uuid, %s::uuid, %s, '', '2026-01-10', '2026-01-10', '2026-01-10' from s),
p as (insert into payments (merchant_id, store_id, payment_id, reference, provider, status, amount_minor, captured_minor,
    currency, tender, receipt_ref, created_at, updated_at)
  select merchant_id, store_id, %s::uuid, %s::uuid, 'TILL', 'CAPTURED', %s, %s, 'EUR', 'CASH', 'r', '2026-01-10', '2026-01-10'
  from s)
insert into payment_entries (merchant_id, store_id, payment_id, entry_no, kind, amount_minor, actor_kind, at)
select merchant_id, store_id, %s::uuid, 1, 'CAPTURED', %s, 'STAFF', '2026-01-10' from s
"""


@pytest.fixture(scope="module")
def reports(site: Site) -> str:
    """The address of Milano's reports of January 2026, when two people spent 123,456.78 each."""
    number = site.sql("select coalesce(max(number), 0) from orders where business_date = '2026-01-10'")[0][0]
    for place, name in enumerate(("Chiara Greco", EVIL), int(str(number)) + 1):
        who, order, payment, amount = str(uuid.uuid4()), str(uuid.uuid4()), str(uuid.uuid4()), 12_345_678
        site.sql(FILL, [who, name, who, order, place, amount, amount, payment, who, order, payment, order, amount, amount,
                        payment, amount])  # fmt: skip
    site.sql(
        "insert into users (merchant_id, user_id, kind, name, login_index, login_sealed, password_hash) "
        "select merchant_id, gen_random_uuid(), 'CUSTOMER', 'Never Paid', '\\x01', '', '' from merchants"
    )
    store = next(each.store_id for each in site.seeded.stores if each.slug == "milano")
    return f"/manage/stores/{ids.show('sto', store)}/reports"


def sign_in(page: Page, site: Site, then: str) -> None:
    login, password = site.login("MANAGER", "milano")
    page.goto(f"/staff/login?next={then}")
    page.get_by_label("E-mail or phone").fill(login)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**{then}*")


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    """A phone, still."""
    with opened(chromium, site, color_scheme="light", reduced_motion="reduce", is_mobile=True) as context:
        yield context.new_page()


def test_the_answer_is_there_in_large_and_everything_can_be_read(page: Page, site: Site, reports: str) -> None:
    sign_in(page, site, reports)
    page.goto(f"{reports}?month=2026-01")

    winner = page.locator(".winner")
    expect(winner).to_contain_text("Chiara Greco")
    expect(winner).to_contain_text(EVIL)
    expect(winner).to_contain_text("€123,456.78")
    expect(winner).to_contain_text("2 people share the first place")
    expect(page.locator("section", has_text="Registered, but never spent")).to_contain_text("Never Paid")
    check(page)
    page.get_by_role("link", name="December 2025").click()
    expect(page.get_by_role("heading", name="Nobody spent anything in December 2025")).to_be_visible()
    check(page)


def test_the_files_show_what_is_in_them_and_run_nothing(plain_phone: Page, site: Site, reports: str) -> None:
    sign_in(plain_phone, site, reports)
    plain_phone.goto(f"{reports}?month=2026-01")
    with plain_phone.expect_download() as download:
        plain_phone.get_by_role("link", name="Download for a spreadsheet").first.click()

    assert download.value.suggested_filename == "top-spenders-2026-01.csv"
    rows = list(csv.reader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    assert rows[0][:2] == ["Place", "Name"]
    assert {(row[0], row[1], row[3], row[4]) for row in rows[1:]} == {
        ("1", "Chiara Greco", "EUR", "123456.78"), ("1", f"'{EVIL}", "EUR", "123456.78"),
    }  # fmt: skip


def test_a_barista_is_not_let_in(plain_phone: Page, site: Site, reports: str) -> None:
    login, password = site.login("BARISTA", "milano")
    plain_phone.goto("/staff/login")
    plain_phone.get_by_label("E-mail or phone").fill(login)
    plain_phone.get_by_label("Password").fill(password)
    plain_phone.get_by_role("button", name="Sign in").click()
    for path in ("", "/top-spenders.csv", "/never-spent.csv"):
        answer = plain_phone.request.get(f"{reports}{path}")
        assert answer.status == 403, path
