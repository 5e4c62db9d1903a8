"""The whole contract, asked at random: no failure of ours, no status that is not documented, no answer of another shape.

Bounded and seeded: the same commit asks the same questions. Ids in paths and bodies are real ones half of the time, so
that requests get past the door.
"""

import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from bottega.entrypoints.description import document
from bottega.entrypoints.web import make_litestar
from tests.contracts.live import Live

DOCUMENT = document(make_litestar(None, None))
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
OPERATIONS = [
    (method.upper(), path)
    for path, operations in DOCUMENT["paths"].items()
    for method in operations
    if not path.endswith("/stream") and path != "/metrics"
]
EXAMPLES = ((GenerationMode.POSITIVE, 16), (GenerationMode.NEGATIVE, 12))
CALLERS = ("anonymous", "guest", "barista", "manager")


@pytest.fixture(autouse=True)
def tidied(live: Live) -> Iterator[None]:
    """Random staff pause the store and sell things out: after each call it is as it was."""
    yield
    store = f"/v1/stores/{live.names['store']}"
    answers = [
        live.ask("POST", f"{store}/intake", "barista", json={"state": "OPEN", "prep_minutes": 6}),
        *(
            live.ask("POST", f"{store}/{kind}s/{live.names[kind]}/availability", "barista", json={"state": "AVAILABLE"})
            for kind in ("product", "modifier")
        ),
    ]
    assert {answer.status_code for answer in answers} == {200}


@pytest.fixture(scope="module")
def real(live: Live) -> dict[str, str]:
    """Things that are there, by the names under which requests name them."""
    order, online = live.place(), live.place(pay_mode="ONLINE")
    ticket = live.ticket_of(order["order_id"])
    names = live.names
    return {
        "store_id": names["store"], "product_id": names["product"], "modifier_id": names["modifier"],
        "variant_id": names["variant"], "order_id": order["order_id"], "payment_id": online["payment"]["payment_id"],
        "ticket_id": ticket["ticket_id"], "line_id": order["lines"][0]["line_id"], "merchant_id": names["merchant"],
    }  # fmt: skip


def made_real(value: Any, real: dict[str, str]) -> Any:
    """A body with real ids where it names things."""
    if isinstance(value, dict):
        return {name: real.get(name) or made_real(inner, real) for name, inner in value.items()}
    if isinstance(value, list):
        return [made_real(inner, real) for inner in value]
    return value


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=[f"{method} {path}" for method, path in OPERATIONS])
def test_every_answer_is_as_documented(live: Live, real: dict[str, str], method: str, path: str) -> None:
    operation = SCHEMA[path][method]
    session = requests.Session()
    modes = EXAMPLES if "requestBody" in DOCUMENT["paths"][path][method.lower()] else EXAMPLES[:1]

    for mode, examples in modes:

        @settings(
            max_examples=examples,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode), known=st.booleans(), who=st.sampled_from(CALLERS))
        def ask(case: Any, known: bool, who: str) -> None:
            if known:
                case.path_parameters = {
                    name: real.get(name, value) for name, value in (case.path_parameters or {}).items()
                }
                case.body = made_real(case.body, real)
            case.headers = {**(case.headers or {}), **live.callers[who].headers}
            answer = case.call(base_url=live.url, session=session)
            case.validate_response(answer, checks=CHECKS)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ask()
