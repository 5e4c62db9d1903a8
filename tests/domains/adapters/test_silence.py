"""A provider that hears us and says nothing is told from one that cannot be reached: the one may have done it."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from bottega.adapters import stripe
from bottega.domains.payments import ProviderTimeout, ProviderUnavailable
from tests.simulators import values


@pytest.fixture
async def silent() -> AsyncIterator[int]:
    """The port of somebody who takes every request and never answers."""

    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(never, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def _asked(port: int) -> type[BaseException]:
    provider = stripe.StripeProvider("sk_test_silence", ("whsec_silence",), "default", f"http://127.0.0.1:{port}")
    try:
        await provider.open_intent(values.payment(), "bottega-silence-1")
    except ProviderUnavailable as error:
        return type(error)
    finally:
        await provider.close()
    raise AssertionError("somebody answered")


@pytest.mark.filterwarnings("ignore:Use 'content")  # the SDK's own call of its HTTP client
async def test_silence_is_a_timeout_and_a_closed_door_is_not(silent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe, "TIMEOUT", httpx.Timeout(0.5, connect=5.0))
    closed = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    nobody = closed.sockets[0].getsockname()[1]
    closed.close()
    await closed.wait_closed()

    assert [await _asked(port) for port in (silent, nobody)] == [ProviderTimeout, ProviderUnavailable]
    assert ProviderTimeout.code == "provider_timeout"
