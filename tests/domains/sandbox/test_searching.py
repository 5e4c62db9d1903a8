"""Search: Stripe's query language over intents, charges and customers, page by page."""

from typing import Any

import pytest
import stripe

from tests.domains.sandbox.processes import Sandbox

PAY = {"currency": "eur", "confirm": True, "payment_method": "pm_card_visa"}


def found(sandbox: Sandbox, query: str, kind: str = "payment_intents", **more: Any) -> list[str]:
    service: Any = getattr(sandbox.client_of("acct_search").v1, kind)
    return [each.id for each in service.search({"query": query, **more}).auto_paging_iter()]


@pytest.fixture(scope="module")
def made(sandbox: Sandbox) -> list[stripe.PaymentIntent]:
    """Amounts 100 to 700, the odd ones of table 1; the last declined, the third with a customer."""
    v1 = sandbox.client_of("acct_search").v1
    ada = v1.customers.create({"name": "Ada O'Neil", "email": "Ada@Example.com", "metadata": {"vip": "yes"}})
    intents = []
    for n in range(1, 7):
        more: dict[str, Any] = {"metadata": {"table": str(n % 2)}, **({"customer": ada.id} if n == 3 else {})}
        intents.append(v1.payment_intents.create({**PAY, "amount": n * 100, **more}))  # type: ignore[arg-type]
    intents.append(v1.payment_intents.create({"amount": 700, "currency": "usd"}))
    v1.refunds.create({"payment_intent": intents[0].id})
    return intents


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("metadata['table']:'1'", [1, 3, 5]),
        ('metadata["table"]:"1" AND amount>100', [3, 5]),
        ("metadata['table']:'1' amount>=300", [3, 5]),
        ("amount<200 or amount:700", [1, 7]),
        ("-currency:'EUR'", [7]),
        ("metadata['table']:null", [7]),
        ("-metadata['table']:null AND amount<=200", [1, 2]),
        ("status:'succeeded' AND created>0 AND created<1", []),
        ("amount='400'", [4]),
    ],
)
def test_intents_are_found_by_what_is_asked(
    sandbox: Sandbox, made: list[stripe.PaymentIntent], query: str, wanted: list[int]
) -> None:
    assert found(sandbox, query) == [made[n - 1].id for n in reversed(wanted)]


def test_charges_and_customers_are_found_too(sandbox: Sandbox, made: list[stripe.PaymentIntent]) -> None:
    assert found(sandbox, "refunded:'true'", "charges") == [made[0].latest_charge]
    assert len(found(sandbox, "payment_method_details.card.last4:4242", "charges")) == 6
    ada = found(sandbox, r"name:'ada o\'neil' AND email~'@EXAMPLE' AND metadata['vip']:'yes'", "customers")
    assert ada == [made[2].customer]
    assert found(sandbox, f"customer:'{ada[0]}'") == [made[2].id]
    assert found(sandbox, "customer:null AND status:'succeeded'", limit=2) == [made[n].id for n in (5, 4, 3, 1, 0)]


def test_a_search_counts_and_pages(sandbox: Sandbox, made: list[stripe.PaymentIntent]) -> None:
    intents = sandbox.client_of("acct_search").v1.payment_intents
    query: Any = {"query": "amount>100", "limit": 4, "expand": ["total_count", "data.latest_charge"]}
    first = intents.search(query)
    assert (first.has_more, first.total_count, len(first.data)) == (True, 6, 4)
    assert first.data[1].latest_charge.amount == 600  # type: ignore[union-attr]
    second = intents.search({**query, "page": first.next_page})
    assert [i.id for i in second.data] == [made[2].id, made[1].id]
    assert (second.has_more, second.next_page) == (False, None)


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("payment_intents", "amount"), ("payment_intents", "amount>'x'"), ("payment_intents", "amount~100"),
        ("payment_intents", "client_secret:'x'"), ("payment_intents", "currency>'a'"),
        ("payment_intents", "currency~'eur'"), ("payment_intents", "amount>1 AND amount>2 OR amount>3"),
        ("payment_intents", " ".join(f"amount>{n}" for n in range(11))), ("payment_intents", "(amount>1)"),
        ("payment_intents", "metadata:'x'"), ("customers", "email~'a'"), ("customers", "email:'a"),
        ("customers", "amount>1"), ("charges", "metadata['a'] 'b'"),
    ],
)  # fmt: skip
def test_a_query_that_makes_no_sense_is_refused(sandbox: Sandbox, kind: str, query: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        found(sandbox, query, kind)
    assert (refused.value.http_status, refused.value.param) == (400, "query")


def test_search_may_not_see_yet_what_is_new(sandbox: Sandbox, made: list[stripe.PaymentIntent]) -> None:
    sandbox.control("faults/next", {"kind": "search_late"})
    assert found(sandbox, "amount>0") == []
    assert len(found(sandbox, "amount>0")) == 7
    with pytest.raises(stripe.InvalidRequestError):
        found(sandbox, "amount>0", page="bm9uc2Vuc2U=")
