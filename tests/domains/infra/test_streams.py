"""The hub of a web process: no stream begins before it follows the log, and a listener that is far behind is dropped."""

import asyncio
from typing import Any

import pytest

from bottega.infra import log
from bottega.infra.db import app_conninfo
from bottega.infra.web import streams
from bottega.infra.web.streams import MAX_WAITING, Hub, Listener, last_position
from bottega.kit.errors import Unavailable
from tests.conftest import Shop


def _hub(shop: Shop) -> Hub:
    return Hub(app_conninfo(shop.url, role="bottega_relay"), lambda _: ())


async def test_a_stream_waits_until_its_process_follows_the_log(shop: Shop) -> None:
    hub = _hub(shop)
    beginning = asyncio.create_task(hub.followed())
    await asyncio.sleep(0.1)
    assert not beginning.done()

    following = asyncio.create_task(hub.run())
    await asyncio.wait_for(beginning, 5)
    async with await log.connect(app_conninfo(shop.url, role="bottega_relay")) as connection:
        assert hub.position == await log.head(connection)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)


async def test_a_process_that_cannot_follow_says_so(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "FOLLOW_SECONDS", 0.05)

    with pytest.raises(Unavailable):
        await _hub(shop).followed()


async def test_a_listener_takes_so_much_and_is_then_dropped_instead_of_waited_for() -> None:
    listener = Listener("t")
    for n in range(MAX_WAITING):
        listener.push((n, "e", b"{}"))
    assert not listener.dropped

    listener.push((MAX_WAITING, "e", b"{}"))

    assert listener.dropped
    assert len(listener.frames) == MAX_WAITING
    await asyncio.wait_for(listener.wait(), 1)


@pytest.mark.parametrize(
    ("header", "position"),
    [(None, None), ("", None), ("12", 12), (" 12 ", 12), ("-1", None), ("1e3", None), ("٣", None), ("9" * 19, None)],
)
def test_only_positions_that_we_could_have_given_out_are_read(header: Any, position: int | None) -> None:
    assert last_position(header) == position
