"""Looks at this computer: Python, secret, assets, port, disk, limits."""

import resource
import shutil
import sys
from pathlib import Path

from bottega.entrypoints.addresses import answers, is_free, who_has
from bottega.entrypoints.demo import check_assets
from bottega.entrypoints.doctor.model import Check, Patient, failed, ok, skipped, warning
from bottega.entrypoints.terminal import CommandFailed

PYTHON = (3, 11)
LEAST_DISK = 1_000_000_000  # bytes
LOW_DISK = 5_000_000_000
FILES = 4096


def look(patient: Patient) -> list[Check]:
    """All looks at the computer."""
    return [_python(), _secret(patient), _assets(), _port(patient), _disk(patient), _files()]


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] >= PYTHON:
        return ok("python", version)
    return failed("python", f"{version} is too old", "Use Python 3.11 or newer.")


def _secret(patient: Patient) -> Check:
    secret = patient.settings.secret
    if not secret and patient.folder is not None and not patient.runs:
        return ok("secret", "made in the data folder at the first start")
    if len(secret) < 32:
        said = "missing" if not secret else f"only {len(secret)} characters"
        return failed("secret", said, "Set BOTTEGA_SECRET to 32 characters or more: openssl rand -base64 48")
    if len(set(secret)) < 10:
        return warning("secret", "it can be guessed", "Make a random one before there is data: openssl rand -base64 48")
    return ok("secret", f"{len(secret)} characters")


def _assets() -> Check:
    try:
        check_assets()
    except CommandFailed as error:
        return failed("assets", error.said, error.mend)
    return ok("assets", "scripts and styles are built")


def _port(patient: Patient) -> Check:
    host, port = patient.settings.host, patient.settings.port
    if is_free(host, port):
        if patient.runs:
            return failed("port", f"nobody listens on {port} although bottega runs", "Look at the logs of web.")
        return ok("port", f"{port} is free")
    if answers(host, port, "/healthz")[1] == b'{"status":"ok"}':
        if patient.runs or patient.folder is None:
            return ok("port", f"{port} is ours")
        return warning("port", f"another bottega listens on {port}", "Start this one with another --port.")
    return failed("port", f"{port} is taken by {who_has(port) or 'another program'}", "Stop it, or set BOTTEGA_PORT.")


def _disk(patient: Patient) -> Check:
    place = patient.folder.path if patient.folder else Path.cwd()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    said = f"{free / 1e9:.1f} GB free at {place}"
    if free < LEAST_DISK:
        return failed("disk", said, "Make room: a database without space stops taking orders.")
    if free < LOW_DISK:
        return warning("disk", said, "Make room before it gets tight.")
    return ok("disk", said)


def _files() -> Check:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or hard >= FILES:
        return ok("open files", f"{soft}, may be raised to {'any number' if hard == resource.RLIM_INFINITY else hard}")
    return warning(
        "open files", f"at most {hard}: live streams end there", "Raise it: ulimit -n 65536, or LimitNOFILE of systemd."
    )


def all_skipped(reason: str) -> list[Check]:
    """What nothing can be said about without settings."""
    return [skipped(name, reason) for name in ("secret", "port")]
