"""The OpenAPI document describes the calls that exist, each with its refusals, and its examples fit its schemas."""

from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from bottega.entrypoints.calls import CALLS, refusals_of
from bottega.entrypoints.description import document
from bottega.entrypoints.reference import WEB_EDGE, refusals
from bottega.entrypoints.web import make_litestar

DOCUMENT = document(make_litestar(None, None))
OPERATIONS: dict[str, Any] = {
    f"{method.upper()} {path}": operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}
# Codes that no call of the API answers: the pages say them, or the web edge does for an address that isn't there.
ELSEWHERE = {"cart_item_not_found", "cart_full", "method_not_allowed", "unsupported_media_type", "internal"}
# Declared for what is not built yet.
NOT_YET = {"payment_declined", "login_taken"}


def bodies(operation: Any) -> list[tuple[Any, Any]]:
    """Every (schema, example) of a call."""
    content = [operation.get("requestBody", {}), *operation["responses"].values()]
    shapes = [shape for each in content for shape in each.get("content", {}).values()]
    return [(shape["schema"], shape["example"]) for shape in shapes if "example" in shape]


def test_every_call_is_described_and_no_other() -> None:
    assert set(CALLS) == set(OPERATIONS)


def test_names_are_unique() -> None:
    names = [operation["operationId"] for operation in OPERATIONS.values()]

    assert len(names) == len(set(names))


def test_every_refusal_of_the_code_belongs_to_some_call() -> None:
    said = {each.code for address, call in CALLS.items() for each in refusals_of(address, call)}
    said |= {entry.code for entry in refusals() if entry.slice == WEB_EDGE}

    assert {entry.code for entry in refusals()} - said == (ELSEWHERE | NOT_YET) - said


@pytest.mark.parametrize("address", list(OPERATIONS))
def test_examples_fit_their_schemas(address: str) -> None:
    for schema, example in bodies(OPERATIONS[address]):
        whole = {**schema, "components": DOCUMENT["components"]}

        assert not [error.message for error in Draft202012Validator(whole).iter_errors(example)]


@pytest.mark.parametrize("address", [each for each in OPERATIONS if "requestBody" in OPERATIONS[each]])
def test_bodies_say_what_is_in_them_and_take_nothing_else(address: str) -> None:
    shape = next(iter(OPERATIONS[address]["requestBody"]["content"].values()))["schema"]
    schema = DOCUMENT["components"]["schemas"][shape["$ref"].rpartition("/")[2]]

    assert schema["properties"]
    assert schema["additionalProperties"] is False
