"""The TCP link that fails: between a client and a server that echoes, each way of failing as networks do it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bottega.entrypoints.torture import Link, Mode

Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]
heard: list[bytes] = []


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            heard.append(data)
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


@pytest.fixture
async def link() -> AsyncIterator[Link]:
    """A link to an echo."""
    heard.clear()
    server = await asyncio.start_server(_echo, "127.0.0.1", 0)
    made = Link("test", server.sockets[0].getsockname()[1])
    await made.start()
    yield made
    await made.stop()
    server.close()


@asynccontextmanager
async def line(link: Link) -> AsyncIterator[Line]:
    """A client's connection by the link."""
    reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def says(line: Line, text: bytes, wait: float = 2.0) -> bytes:
    """What comes back."""
    reader, writer = line
    writer.write(text)
    async with asyncio.timeout(wait):
        return await reader.readexactly(len(text))


async def test_a_link_that_is_well_changes_nothing(link: Link) -> None:
    text = bytes(range(256)) * 4000
    async with line(link) as one, line(link) as two:
        assert await asyncio.gather(says(one, text), says(two, text[::-1])) == [text, text[::-1]]
        assert (link.connections, link.bytes_up, link.bytes_down) == (2, 2 * len(text), 2 * len(text))


async def test_it_passes_a_goodbye_on(link: Link) -> None:
    async with line(link) as (reader, writer):
        writer.write(b"last words")
        writer.write_eof()

        assert await reader.read() == b"last words"


async def test_a_cut_resets_who_is_there_and_refuses_who_comes(link: Link) -> None:
    async with line(link) as one:
        assert await says(one, b"hello") == b"hello"

        link.fail(Mode.CUT)

        with pytest.raises(ConnectionResetError):
            await one[0].readexactly(1)
        async with line(link) as late:
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await says(late, b"anybody?")
    link.heal()
    async with line(link) as again:
        assert await says(again, b"back") == b"back"


async def test_slow_is_slow_both_ways_and_in_order(link: Link) -> None:
    link.fail(Mode.SLOW, latency=0.05, jitter=0.02)
    async with line(link) as one:
        began = time.monotonic()
        said = [await says(one, b"%d" % number) for number in range(3)]

        assert said == [b"0", b"1", b"2"]
        assert time.monotonic() - began >= 3 * 2 * 0.03


async def test_a_black_hole_says_nothing_and_gives_up_nothing(link: Link) -> None:
    async with line(link) as one:
        assert await says(one, b"before") == b"before"

        link.fail(Mode.BLACK_HOLE)
        with pytest.raises(TimeoutError):
            await says(one, b"within", 0.15)
        async with line(link) as late:  # the kernel takes the call, nobody answers it
            with pytest.raises(TimeoutError):
                await says(late, b"anybody?", 0.15)
        assert heard == [b"before"]

        link.heal()
        async with asyncio.timeout(2):
            assert await one[0].readexactly(6) == b"within"


async def test_a_goodbye_gets_through_no_hole(link: Link) -> None:
    async with line(link) as one:
        await says(one, b"x")
        link.fail(Mode.BLACK_HOLE)
    await asyncio.sleep(0.05)

    assert link.connections == 1, "the server's side still believes in it"
    link.heal()
    await asyncio.sleep(0.05)
    assert link.connections == 0


async def test_half_open_the_server_hears_and_the_client_does_not(link: Link) -> None:
    async with line(link) as one:
        link.fail(Mode.HALF_OPEN)
        with pytest.raises(TimeoutError):
            await says(one, b"commit", 0.1)
        assert heard == [b"commit"]

        link.heal()
        with pytest.raises(ConnectionResetError):
            await one[0].readexactly(1)


async def test_who_says_the_word_is_heard_and_hears_no_more(link: Link) -> None:
    link.deafen_at(b"commit")
    async with line(link) as one, line(link) as other:
        assert await says(one, b"begin") == b"begin"
        with pytest.raises(TimeoutError):
            await says(one, b"commit", 0.1)
        assert await says(other, b"commit") == b"commit"
        assert heard == [b"begin", b"commit", b"commit"]

        link.heal()
        with pytest.raises(ConnectionResetError):
            await one[0].readexactly(1)


async def test_a_connection_is_cut_in_the_middle_of_what_it_says(link: Link) -> None:
    async with line(link) as one:
        link.cut_one_after(10)
        one[1].write(b"0123456789abcdef")
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await one[0].readexactly(16)
    await asyncio.sleep(0.02)

    assert b"".join(heard) == b"0123456789"
    async with line(link) as other:
        assert await says(other, b"only one was cut") == b"only one was cut"
