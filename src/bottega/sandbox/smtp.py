"""The mail sink: a minimal SMTP server that takes every mail and delivers none. Showing them is in mailpages.py."""

import asyncio
import re
from contextlib import suppress

from bottega.sandbox.store import mails
from bottega.sandbox.world import World

MAX_MAIL = 5_000_000
IDLE_SECONDS = 60.0
_ADDRESS = re.compile(r"<([^<>\s]*)>")


class Session:
    """One client's conversation."""

    def __init__(self, world: World, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Nothing is said yet."""
        self.world, self.reader, self.writer = world, reader, writer
        self.sender: str | None = None
        self.recipients: list[str] = []

    async def say(self, line: str) -> None:
        """One line to the client."""
        self.writer.write(line.encode() + b"\r\n")
        await self.writer.drain()

    async def run(self) -> None:
        """Until the client leaves or says nothing for a minute."""
        await self.say("220 bottega sandbox mail sink ESMTP")
        while True:
            async with asyncio.timeout(IDLE_SECONDS):
                line = (await self.reader.readuntil(b"\n")).decode("utf-8", "replace").strip()
            verb, _, rest = line.partition(" ")
            if verb.upper() == "QUIT":
                await self.say("221 Bye")
                return
            await self.answer(verb.upper(), rest)

    async def answer(self, verb: str, rest: str) -> None:
        """What the client wants, done."""
        match verb:
            case "EHLO":
                self.writer.write(f"250-bottega sandbox\r\n250-SIZE {MAX_MAIL}\r\n250-8BITMIME\r\n".encode())
                await self.say("250 SMTPUTF8")
            case "HELO" | "NOOP":
                await self.say("250 OK")
            case "RSET":
                self.sender, self.recipients = None, []
                await self.say("250 OK")
            case "MAIL" | "RCPT":
                await self.envelope(verb, rest)
            case "DATA":
                await self.data()
            case _:
                await self.say("502 Command not implemented")

    async def envelope(self, verb: str, rest: str) -> None:
        """Who sends, who receives."""
        found = _ADDRESS.search(rest)
        if found is None:
            await self.say("501 Address expected in angle brackets")
        elif verb == "MAIL":
            self.sender, self.recipients = found[1], []
            await self.say("250 OK")
        elif self.sender is None:
            await self.say("503 MAIL first")
        else:
            self.recipients.append(found[1])
            await self.say("250 OK")

    async def data(self) -> None:
        """The mail itself, kept."""
        if not self.recipients:
            await self.say("503 RCPT first")
            return
        await self.say("354 End with a line of one dot")
        raw = bytearray()
        while True:
            async with asyncio.timeout(IDLE_SECONDS):
                line = await self.reader.readuntil(b"\n")
            if line in (b".\r\n", b".\n"):
                break
            if len(raw) <= MAX_MAIL:
                raw += line[1:] if line.startswith(b".") else line
        if len(raw) > MAX_MAIL:
            await self.say("552 Too large")
            return
        recipients = ", ".join(self.recipients)
        number = mails.add(self.world.store, self.world.clock.time(), self.sender or "", recipients, bytes(raw))
        self.sender, self.recipients = None, []
        await self.say(f"250 Kept as {number}")


async def listen(world: World, host: str, port: int) -> asyncio.Server:
    """Listen on the port (-1: any free one)."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
            await Session(world, reader, writer).run()
        writer.close()

    return await asyncio.start_server(serve, host, max(port, 0), limit=2**20)
