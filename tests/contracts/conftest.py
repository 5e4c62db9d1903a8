"""One running shop for all contract tests, and what a refusal must look like."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from bottega.entrypoints import web
from bottega.entrypoints.seed import SeedResult
from bottega.infra.crypto import Keyring
from bottega.kit.errors import DomainError
from tests.conftest import SECRET, Clone
from tests.contracts import live as launcher
from tests.contracts.live import Live
from tests.simulators.nursery import Nursery

FRAMEWORK_CODES = {"method_not_allowed", "unsupported_media_type", "internal"}
Refused = Callable[..., dict]


@pytest.fixture(scope="session")
def live(
    clone: Clone,
    shop_template: tuple[str, SeedResult],
    keyring: Keyring,
    born: Nursery,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Live]:
    """The demo chain and a second merchant, served by real processes."""
    folder: Path = tmp_path_factory.mktemp("live")
    template, seeded = shop_template
    with clone(template) as url, launcher.running(url, seeded, keyring, SECRET, folder, born) as found:
        yield found


def every_code() -> set[str]:
    """The code of every refusal there is."""
    assert web.FACES, "importing the faces is what makes every refusal known"
    codes = set(FRAMEWORK_CODES)
    waiting = [DomainError]
    while waiting:
        kind = waiting.pop()
        codes.add(kind.code)
        waiting += kind.__subclasses__()
    return codes


@pytest.fixture(scope="session")
def refused() -> Refused:
    """Check that an answer is a proper refusal with one of the statuses; the problem."""
    codes = every_code()

    def check(answer: httpx.Response, *statuses: int, about: object = "") -> dict:
        said = f"{about!r:.200}: {answer.status_code} {answer.text[:400]}"
        assert answer.status_code in statuses, said
        assert answer.headers["content-type"] == "application/problem+json", said
        problem = answer.json()
        assert {"type", "title", "status", "detail", "code", "request_id"} <= problem.keys(), said
        assert problem["status"] == answer.status_code, said
        assert problem["code"] in codes, said
        assert problem["type"].endswith(problem["code"]), said
        assert problem["request_id"] == answer.headers["x-request-id"], said
        assert "traceback" not in answer.text.lower(), said
        if answer.status_code in (429, 503):
            assert int(answer.headers["retry-after"]) > 0
        return problem

    return check


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--write-contracts` writes the snapshots of this folder anew instead of only comparing them."""
    parser.addoption("--write-contracts", action="store_true", help="write the snapshots of tests/contracts anew")
