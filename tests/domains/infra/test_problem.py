"""What nobody foresaw, as an answer."""

from typing import Any

import psycopg
import pytest
from litestar import Request
from psycopg import errors as pg

from bottega.infra.web.problem import unforeseen


@pytest.mark.parametrize(
    "error",
    [psycopg.OperationalError("lost"), psycopg.InterfaceError("closed"), pg.IdleInTransactionSessionTimeout("paused")],
)
def test_a_database_that_went_away_is_no_failure_of_ours(error: psycopg.Error) -> None:
    scope: Any = {"type": "http", "method": "GET", "path": "/", "headers": [], "state": {"request_id": "req_x"}}

    answer = unforeseen(Request(scope), error)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
