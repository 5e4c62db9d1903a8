"""A customer's way through the pages, in a real browser: choose, put in the cart, check out, pay, follow."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.pages.conftest import Site, opened

CARD_3DS = "4000002760003184"
CARD_DECLINED = "4000000000000002"
CARD_GOOD = "4242424242424242"


def add(page: Page, name: str, *choices: str, qty: int = 1) -> None:
    """Put so many of a product into the cart, with choices by their names."""
    page.goto("/s/milano")
    page.get_by_role("link", name=name, exact=True).click()
    for choice in choices:
        page.get_by_text(choice, exact=True).click()
    if qty > 1:
        page.fill("[name=qty]", str(qty))
    page.get_by_role("button", name=re.compile("^Add")).click()
    page.wait_for_url("**/s/milano*")


def check_out(page: Page, how: str, name: str = "Giulia") -> None:
    """From the cart to the placed order."""
    page.goto("/s/milano/checkout")
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Phone or e-mail").fill("giulia@example.com")
    page.get_by_role("radio", name=re.compile(f"^{how}")).check()
    page.locator("main button[type=submit]").click()
    page.wait_for_url("**/o/**")


def type_card(page: Page, number: str) -> None:
    """Fill the provider's frame."""
    card = page.frame_locator("iframe[title='Secure card form']")
    card.get_by_label("Card number").fill(number)
    card.get_by_label("Expiry date").fill("12/34")
    card.get_by_label("Security code").fill("123")


def test_an_order_paid_by_card_through_the_banks_challenge_is_followed_to_paid(phone: Page) -> None:
    add(phone, "Caffè latte", "Oat milk")
    check_out(phone, "Pay now by card")
    expect(phone).to_have_url(re.compile("/pay$"))
    type_card(phone, CARD_3DS)
    phone.get_by_role("button", name=re.compile("^Pay")).click()
    phone.frame_locator("iframe[title='Confirm with your bank']").get_by_role("button", name="Complete").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Paid, and in the line")
    expect(phone.locator(".track .done").first).to_contain_text("Placed")


def test_a_declined_card_says_so_and_the_next_one_works(phone: Page) -> None:
    add(phone, "Espresso")
    check_out(phone, "Pay now by card")
    type_card(phone, CARD_DECLINED)
    phone.get_by_role("button", name=re.compile("^Pay")).click()
    expect(phone.get_by_role("alert")).to_contain_text("declined")
    type_card(phone, CARD_GOOD)
    phone.get_by_role("button", name=re.compile("^Pay")).click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Paid, and in the line")


def test_a_declined_card_is_told_in_the_pages_language_with_what_to_do(chromium: Browser, site: Site) -> None:
    with opened(chromium, site) as context:
        page = context.new_page()
        add(page, "Espresso")
        check_out(page, "Pay now by card")
        page.goto(f"{page.url}?lang=de")
        card = page.frame_locator("iframe[title='Sicheres Kartenformular']")
        card.get_by_label("Kartennummer").fill("4000000000009995")
        card.get_by_label("Gültig bis").fill("12/34")
        card.get_by_label("Sicherheitscode").fill("123")
        page.locator(".bar button").click()
        expect(page.get_by_role("alert")).to_have_text("Auf der Karte ist nicht genug Geld. Versuch eine andere.")


def test_when_the_card_form_does_not_come_the_same_order_is_paid_at_the_store(phone: Page) -> None:
    phone.route("**/v3/", lambda route: route.abort())
    add(phone, "Caffè latte", "Oat milk")
    check_out(phone, "Pay now by card")
    expect(phone.locator("[data-pay=unreachable]")).to_contain_text("You can also pay at the store")
    first = phone.url.removesuffix("/pay")
    phone.get_by_role("button", name="Rather pay at the store").click()
    expect(phone).to_have_url(re.compile("/checkout"))
    expect(phone.get_by_role("radio", name=re.compile("^Pay at the store"))).to_be_checked()
    phone.get_by_label("Your name").fill("Giulia")
    phone.get_by_label("Phone or e-mail").fill("giulia@example.com")
    phone.locator("main button[type=submit]").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("We have your order")
    expect(phone.get_by_text("Oat milk")).to_be_visible()
    phone.goto(first)
    expect(phone.get_by_role("heading", level=1)).to_have_text("Cancelled")
    expect(phone.locator(".when")).to_have_text("Nothing was charged.")


def test_an_order_at_the_store_shows_number_name_and_window_large(phone: Page) -> None:
    add(phone, "Cappuccino")
    check_out(phone, "Pay at the store", name="Aiko")
    expect(phone.locator(".call dd").first).to_have_text(re.compile(r"^M-\d{3}$"))
    expect(phone.locator(".call .who")).to_have_text("Aiko")
    expect(phone.locator(".when")).to_have_text(re.compile(r"^Ready \d\d:\d\d–\d\d:\d\d$"))
    expect(phone.get_by_text("Alzaia Naviglio Grande 27")).to_be_visible()


def test_the_total_follows_every_choice_and_the_page_says_what_is_missing(phone: Page, site: Site) -> None:
    phone.goto("/s/milano")
    phone.get_by_role("link", name="Cappuccino", exact=True).click()
    total = phone.locator("[data-total]")
    before = total.inner_text()
    phone.get_by_text("Oat milk", exact=True).click()
    expect(total).not_to_have_text(before)
    phone.get_by_role("button", name="One more").click()
    expect(phone.get_by_label("Quantity")).to_have_value("2")
    phone.evaluate("document.querySelectorAll('fieldset:has(.choice) input:checked').forEach(i => i.checked = false)")
    phone.get_by_role("button", name=re.compile("^Add")).click()
    expect(phone.locator(".group-missing").first).to_be_visible()
    expect(phone.locator("#announce")).to_have_text(re.compile("^Choose .* first$"))
    assert phone.evaluate("document.activeElement.type") == "radio"


def test_the_cart_changes_in_place_takes_out_and_puts_back(phone: Page) -> None:
    add(phone, "Cappuccino")
    add(phone, "Espresso")
    phone.goto("/s/milano/cart")
    more = phone.get_by_role("button", name="One more Cappuccino")
    more.click()
    expect(phone.get_by_role("group", name="Quantity of Cappuccino").locator("output")).to_have_text("2")
    expect(more).to_be_focused()
    phone.get_by_role("button", name="Remove Espresso").click()
    expect(phone.get_by_text("Espresso removed")).to_be_visible()
    expect(phone.locator(".line")).to_have_count(1)
    phone.get_by_role("button", name="Undo").click()
    expect(phone.locator(".line")).to_have_count(2)


def test_a_line_that_sold_out_is_named_and_nothing_goes_on_without_a_decision(phone: Page, site: Site) -> None:
    add(phone, "Acqua minerale")
    add(phone, "Espresso")
    sold_out(site, "Acqua minerale", "true")
    try:
        phone.wait_for_timeout(1_200)
        phone.goto("/s/milano")
        expect(phone.locator(".item-out", has_text="Acqua minerale")).to_contain_text("Sold out")
        phone.goto("/s/milano/checkout")
        expect(phone).to_have_url(re.compile("/cart$"))
        expect(phone.locator(".line-out")).to_contain_text("is no longer available")
        phone.locator(".line-out").get_by_role("button", name=re.compile("^Remove")).click()
        expect(phone.locator(".line-out")).to_have_count(0)
        phone.goto("/s/milano/checkout")
        expect(phone).to_have_url(re.compile("/checkout$"))
    finally:
        sold_out(site, "Acqua minerale", "false")


def sold_out(site: Site, name: str, flag: str) -> None:
    """Mark a product of the Milan store by its name there, as the kitchen would."""
    site.sql(
        """insert into availability (merchant_id, store_id, item_id, item_kind, sold_out, set_by, set_at)
        select o.merchant_id, o.store_id, o.product_id, 'PRODUCT', %s::boolean, gen_random_uuid(), now()
        from offers o join stores s using (store_id) where s.slug = 'milano' and o.name = %s
        on conflict (store_id, item_id) do update set sold_out = excluded.sold_out""",
        [flag, name],
    )
    site.sql("update stores set menu_version = menu_version + 1 where slug = 'milano'")


def test_two_clicks_place_one_order(phone: Page, site: Site) -> None:
    add(phone, "Espresso")
    phone.goto("/s/milano/checkout")
    phone.get_by_label("Your name").fill("Doppio")
    phone.get_by_label("Phone or e-mail").fill("+39 333 1234567")
    phone.get_by_role("radio", name=re.compile("^Pay at the store")).check()
    phone.locator("main button[type=submit]").dblclick()
    phone.wait_for_url("**/o/**")
    assert site.sql("select count(*) from orders where contact_name = 'Doppio'") == [(1,)]


def test_a_customer_takes_an_order_back_while_nobody_makes_it(phone: Page) -> None:
    add(phone, "Espresso")
    check_out(phone, "Pay at the store")
    phone.get_by_text("Cancel order", exact=True).click()
    phone.get_by_role("button", name="Yes, cancel it").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Cancelled")
    expect(phone.get_by_text("Cancel order", exact=True)).to_have_count(0)


def test_without_javascript_one_can_order_just_as_well(plain_phone: Page) -> None:
    page = plain_phone
    page.goto("/")
    page.get_by_role("link", name="Milano Navigli").click()
    page.get_by_role("link", name="Cappuccino", exact=True).click()
    page.get_by_text("Oat milk", exact=True).click()
    page.get_by_role("button", name=re.compile("^Add")).click()
    expect(page.get_by_text("Cappuccino added")).to_be_visible()
    page.locator(".bar").get_by_role("link").click()
    page.get_by_role("button", name="One more Cappuccino").click()
    expect(page.get_by_role("group", name="Quantity of Cappuccino").locator("output")).to_have_text("2")
    page.get_by_role("button", name="Remove Cappuccino").click()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("link", name=re.compile("^Check out")).click()
    page.get_by_label("Your name").fill("Nojs")
    page.get_by_label("Phone or e-mail").fill("not an address @")
    page.get_by_role("radio", name=re.compile("^Pay at the store")).check()
    page.locator("main button[type=submit]").click()
    expect(page.locator("#e-contact")).to_contain_text("neither a phone number nor an e-mail address")
    page.get_by_label("Phone or e-mail").fill("nojs@example.com")
    page.locator("main button[type=submit]").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("We have your order")


def test_the_address_of_an_order_cannot_be_guessed(phone: Page) -> None:
    add(phone, "Espresso")
    check_out(phone, "Pay at the store")
    address = phone.url
    assert phone.request.get(address).status == 200
    assert phone.request.get(address[:-1] + ("a" if address[-1] != "a" else "b")).status == 404
    assert phone.request.get(address.rpartition(".")[0]).status == 404


def test_a_post_from_another_site_is_refused(phone: Page, site: Site) -> None:
    add(phone, "Espresso")
    answer = phone.request.post(
        "/s/milano/checkout", form={"name": "Mallory"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status == 403
