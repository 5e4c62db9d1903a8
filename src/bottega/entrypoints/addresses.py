"""Ports and addresses of this machine: what is free, who has what is not, and where other devices reach us."""

import contextlib
import http.client
import os
import socket
from pathlib import Path

EVERYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 recognised here, never chosen
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_LISTENS = "0A"


def is_free(host: str, port: int) -> bool:
    """Whether we could listen there alone: our web processes share a port, so theirs would let another one in."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(host: str, wanted: int) -> int:
    """The wanted port, or one that the system picks when that is taken (or no port at all)."""
    if 0 < wanted < 65536 and is_free(host, wanted):
        return wanted
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def who_has(port: int) -> str | None:
    """The process that listens on a port, as `process 4711 (python -m something)`; None when that can't be seen."""
    inodes = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    if not inodes:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(os.readlink(each) in inodes for each in (process / "fd").iterdir()):
                words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                return f"process {process.name} ({words[:80]})"
    return None


def reach(host: str) -> str:
    """Where a process of this machine reaches a server that listens on `host`."""
    return "127.0.0.1" if host in EVERYWHERE or host in LOOPBACK else host


def shown(host: str) -> str:
    """The name that people type: localhost, or this machine's address when we listen everywhere."""
    if host in EVERYWHERE:
        return lan_address() or "localhost"
    return "localhost" if host in LOOPBACK else (f"[{host}]" if ":" in host else host)


def lan_address() -> str | None:
    """This machine's address in its local network, None without one. Nothing is sent: a route is looked up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        found = probe.getsockname()[0]
    return None if found.startswith("127.") else found


def answers(host: str, port: int, path: str, timeout: float = 2.0) -> tuple[int, bytes]:
    """Status and body of a GET on this machine; status 0 when nobody answers."""
    connection = http.client.HTTPConnection(reach(host), port, timeout=timeout)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def _listening_inodes(port: int) -> set[str]:
    found: set[str] = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENS and int(fields[1].rsplit(":", 1)[1], 16) == port:
                    found.add(fields[9])
    return found
