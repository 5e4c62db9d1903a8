"""Hot routes on the wire: however a request's bytes come, it is answered once, whole, and in its turn."""

import json
import socket
import time
import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.contracts.live import Live


@pytest.fixture
def wire(live: Live) -> Iterator[socket.socket]:
    """A connection to the shop."""
    address = urlsplit(live.url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=10) as connection:
        yield connection


def post(live: Live, key: str, *headers: str, version: str = "1.1", body: bytes | None = None) -> bytes:
    """An order as bytes; a `Content-Length` unless the headers say how long it is."""
    content = json.dumps(live.order()).encode() if body is None else body
    lines = [
        f"POST /v1/orders HTTP/{version}",
        "Host: x",
        f"Authorization: {live.callers['guest'].headers['authorization']}",
        f"Idempotency-Key: {key}",
        "Content-Type: application/json",
        *headers,
    ]
    if not any(each.lower().startswith("transfer-encoding") for each in headers):
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join([*lines, "", ""]).encode() + content


def read(wire: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """The next answer on the connection, to its last byte."""
    got = b""
    while b"\r\n\r\n" not in got:
        piece = wire.recv(1)
        assert piece, got
        got += piece
    head = got.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = b""
    while len(body) < int(headers.get("content-length", 0)):
        body += wire.recv(int(headers["content-length"]) - len(body))
    return int(head[0].split()[1]), headers, body


def fresh() -> str:
    """A key that nobody used."""
    return str(uuid.uuid4())


def test_a_request_may_come_byte_by_byte(live: Live, wire: socket.socket) -> None:
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    content = post(live, fresh())
    for at in range(0, len(content), 7):
        wire.sendall(content[at : at + 7])

    assert read(wire)[0] == 201


def test_requests_that_come_at_once_are_answered_in_their_order(live: Live, wire: socket.socket) -> None:
    keys = [fresh(), fresh()]
    menu = f"GET /v1/stores/{live.names['store']}/menu HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    wire.sendall(post(live, keys[0]) + menu + post(live, keys[1]) + post(live, keys[0]))

    first, menus, second, again = [read(wire) for _ in range(4)]
    assert [first[0], menus[0], second[0], again[0]] == [201, 200, 201, 201]
    assert "categories" in json.loads(menus[2])
    assert json.loads(first[2])["order_id"] != json.loads(second[2])["order_id"]
    assert (again[1]["idempotency-replayed"], again[2]) == ("true", first[2])


def test_a_body_in_chunks_is_read(live: Live, wire: socket.socket) -> None:
    body = json.dumps(live.order()).encode()
    head = post(live, fresh(), "Transfer-Encoding: chunked", body=b"")
    half = len(body) // 2
    pieces = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (body[:half], body[half:]))
    wire.sendall(head + pieces + b"0\r\n\r\n")

    assert read(wire)[0] == 201


def test_who_waits_for_permission_to_send_gets_it(live: Live, wire: socket.socket) -> None:
    head, _, body = post(live, fresh(), "Expect: 100-continue").partition(b"\r\n\r\n")
    wire.sendall(head + b"\r\n\r\n")
    assert wire.recv(100).startswith(b"HTTP/1.1 100")
    wire.sendall(body)

    assert read(wire)[0] == 201


def test_a_client_of_the_old_protocol_is_answered_and_hung_up_on(live: Live, wire: socket.socket) -> None:
    wire.sendall(post(live, fresh(), version="1.0"))
    assert read(wire)[0] == 201

    assert wire.recv(1) == b""


def test_who_says_close_is_answered_and_hung_up_on(live: Live, wire: socket.socket) -> None:
    wire.sendall(post(live, fresh(), "Connection: close"))
    status, headers, _ = read(wire)

    assert (status, headers["connection"]) == (201, "close")
    assert wire.recv(1) == b""


def test_a_body_that_is_too_long_is_refused_and_the_connection_goes_on(live: Live, wire: socket.socket) -> None:
    wire.sendall(post(live, fresh(), body=b" " * 270_000))
    status, _, body = read(wire)
    assert (status, json.loads(body)["code"]) == (413, "body_too_large")

    wire.sendall(post(live, fresh()))
    assert read(wire)[0] == 201


def test_a_body_without_end_is_refused_before_its_end(live: Live, wire: socket.socket) -> None:
    wire.sendall(post(live, fresh(), "Transfer-Encoding: chunked", body=b""))
    for _ in range(320):
        wire.sendall(b"400\r\n%b\r\n" % (b" " * 1024))

    assert read(wire)[0] == 413


def test_a_connection_that_says_nothing_is_closed_and_a_busy_one_is_not(live: Live, wire: socket.socket) -> None:
    for _ in range(3):  # in all longer than an idle connection is kept
        wire.sendall(post(live, fresh()))
        assert read(wire)[0] == 201
        time.sleep(2)
    began = time.monotonic()

    assert wire.recv(1) == b""
    assert 1 < time.monotonic() - began < 9
