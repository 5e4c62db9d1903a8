"""Whatever is sent, the sandbox answers with a refusal and never with a bug of its own."""

import pytest

from tests.domains.sandbox.processes import Sandbox
from tests.simulators import http as clients

BODIES = [
    b"\xff\xfe",
    b"%ff=1",
    b"amount",
    b"amount=1450&amount[x]=1&currency=eur",
    b"metadata=5&amount=1450&currency=eur",
    b"amount=1450&currency=eur&metadata[a][b]=1",
    b"amount=1450&currency=eur&expand=latest_charge",
    b"amount=1450&currency=eur&expand[]=nonsense.deep.er",
    b"amount=1450&currency=eur&payment_method_data[type]=card",
    b"amount=1450&currency=eur&confirm=true&payment_method_data[type]=card&payment_method_data[card]=4242",
    b"amount=1450&currency=eur&payment_method_data[type]=card&payment_method_data[card][number]=%D9%A1%D9%A2",
    b"amount=1450&currency=eur&payment_method_data[type]=card&payment_method_data[billing_details]=x",
    b"amount=1450&currency=eur&payment_method_data[type]=__class__",
    b"amount=%00&currency=eur",
    b"amount=1e3&currency=eur",
    b"amount=1450&currency=eur&payment_method_options=1",
    b"amount=1450&currency=eur&payment_method_options[card]=1",
    b"amount=1450&currency=eur&automatic_payment_methods=true",
    b"amount=1450&currency=eur&payment_method_types=card",
    b"a" + b"[b]" * 500 + b"=1",
    b"&".join(b"k%d=1" % n for n in range(2000)),
    b"x=" + b"y" * 1_100_000,
    b"[]=1",
    b"=",
    b"amount=1450&currency=eur&shipping=x",
    b"amount=-1450&currency=eur",
    b"amount=%D9%A1%D9%A4%D9%A5%D9%A0&currency=eur",
    b"amount=1450&currency=eur&source[number]=4242",
    b"amount=1450&currency=eur&source=pm_card_visa&customer=cus_x",
    b"amount=1450&currency=eur&amount_details[line_items]=x",
    b"amount=1450&currency=eur&amount_details[shipping][amount]=x",
    b"amount=1450&currency=eur&payment_method_options[card][x][y][z]=true",
    b"amount=1450&currency=eur&payment_method_options[card]=",
    b"amount=1450&currency=eur&transfer_data=x",
    b"card=x",
    b"card[number]=4242424242424242&card[exp_month]=x",
    b"source=tok_",
    b"source=",
    b"invoice_settings[default_payment_method]=pm_x",
    b"default_source=card_x",
    b"email=%40",
]
PATHS = [
    "/v1/",
    "/v1/payment_intents//confirm",
    "/v1/payment_intents/pi_x/confirm/again",
    "/v1/../_sandbox",
    "/v1/refunds",
    "/v1/disputes/x/close",
    "/v1/payment_methods/x/attach",
    "/v1/customers",
    "/v1/charges",
    "/v1/charges/ch_x/capture",
    "/v1/tokens",
    "/v1/customers/cus_x/sources",
    "/v1/payment_intents/pi_x/increment_authorization",
    "/v1/webhook_endpoints",
]
READS = [
    "/v1/payment_intents?limit=0",
    "/v1/payment_intents?limit=x",
    "/v1/events?created[gte]=x",
    "/v1/events?created=x",
    "/v1/charges?starting_after=nobody",
    "/v1/events?types=x",
    "/v1/charges?expand[]=data.nonsense",
    "/v1/charges/search",
    "/v1/charges/search?query=amount%3E" + "9" * 400,
    "/v1/charges/search?query=" + "-" * 900,
    "/v1/charges/search?query=" + "(" * 4000,
    "/v1/charges/search?query=metadata%5B'" + "%5C" * 900,
    "/v1/customers/search?query=name%3A%27x%27&page=%FF",
    "/v1/customers/search?query=email%3A%27%00%27",
    "/v1/refunds/search?query=amount%3E1",
    "/v1/payment_intents/search/pi_x",
    "/v1/radar",
    "/v1/radar/",
    "/v1/accounts/",
    "/v1/events?type=%2A%2A%5B",
    "/v1/events?type=charge.%2A&delivery_success=maybe",
    "/_sandbox/ledger?after=x",
    "/_sandbox/deliveries?limit=-1",
    "/_sandbox/nothing",
    "/3ds/pi_x?client_secret=x",
    "/3ds/",
    "/static/..%2Fpages.py",
    "/static/nothing.css",
    "/payments/pi_x",
    "/mail/x",
    "/mail/99999999999999999999",
    "/webhooks?state=%27",
    "/elements/x",
    "/%00",
    "/nothing",
]
KEY = {"Authorization": "Bearer sk_test_x"}


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:40]))
def test_hostile_forms_are_refused_or_taken_but_never_a_bug(sandbox: Sandbox, body: bytes) -> None:
    with clients.Client(base_url=sandbox.url, headers=KEY) as client:
        for path in ("/v1/payment_intents", *PATHS):
            answer = client.post(path, content=body)
            assert answer.status_code < 500, (path, answer.text)
            assert answer.status_code == 200 or "error" in answer.json()


@pytest.mark.parametrize("path", READS)
def test_hostile_reads_are_refused(sandbox: Sandbox, path: str) -> None:
    assert 200 <= clients.get(sandbox.url + path, headers=KEY).status_code < 500


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", b"{"),
        ("faults", b"[1]"),
        ("faults", b'{"rules": 5}'),
        ("faults", b'{"rules": {"x": 1}}'),
        ("faults", b'{"seed": "x"}'),
        ("clock", b'{"advance": -5}'),
        ("clock", b'{"advance": "soon"}'),
        ("clock", b'{"advance": 1e999}'),
        ("clock", b'{"advance": 1e300}'),
        ("clock", b'{"advance": "nan"}'),
        ("clock", b'{"advance": [1]}'),
        ("webhooks/forge", b"{}"),
        ("charges/ch_x/dispute", b"{}"),
        ("charges/ch_x/refund", b'{"amount": {}}'),
        ("charges/ch_x/capture", b'{"units": "1e999999"}'),
        ("charges/ch_x/expire", b"{}"),
        ("disputes/dp_x/escalate", b"{}"),
        ("refunds/x/nonsense", b"{}"),
        ("deliveries/99999999999999999999999/hold", b"{}"),
        ("deliveries/0/hold", b"{}"),
    ],
)
def test_hostile_controls_are_refused(sandbox: Sandbox, path: str, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = clients.post(f"{sandbox.url}/_sandbox/{path}", content=body, headers=headers)
    assert 400 <= answer.status_code < 500, answer.text


def test_wrong_authorization_headers_are_401(sandbox: Sandbox) -> None:
    for value in ("", "Basic", "Basic !!!", "Basic " + "A" * 4, "Bearer", "Bearer pk", "Digest x"):
        answer = clients.get(f"{sandbox.url}/v1/charges", headers={"Authorization": value})
        assert answer.status_code == 401
