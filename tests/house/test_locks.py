"""What is installed is locked: by version and hash, the same everywhere, without the address of any registry."""

import re

import bootstrap

from tests.house.source import ROOT

LOCKS = {name: (ROOT / "requirements" / name).read_text() for name in ("base.txt", "dev.txt")}


def versions(text: str) -> dict[str, str]:
    """The locked packages and their versions."""
    return dict(re.findall(r"(?m)^([A-Za-z0-9_.-]+)==([^ \\;]+)", text))


def without_hash(text: str) -> list[str]:
    """The packages that no hash follows."""
    blocks = re.findall(r"(?m)^[A-Za-z0-9].*(?:\n[ #].*)*", text)
    return [block.split("==")[0] for block in blocks if "--hash=sha256:" not in block]


def test_every_package_has_a_hash() -> None:
    assert {name: without_hash(text) for name, text in LOCKS.items()} == {"base.txt": [], "dev.txt": []}


def test_a_package_without_a_hash_is_found() -> None:
    assert without_hash("a==1 \\\n    --hash=sha256:00\nb==2\n    # via a\n") == ["b"]


def test_users_and_developers_run_the_same_versions() -> None:
    base, dev = versions(LOCKS["base.txt"]), versions(LOCKS["dev.txt"])

    assert base.items() <= dev.items()


def test_what_a_first_start_takes_from_the_developers_lock_is_there() -> None:
    wanted = versions(bootstrap._requirements(dev=False, with_node=True))

    assert wanted.keys() >= bootstrap.BUILD | {bootstrap.NODE_WHEEL} | versions(LOCKS["base.txt"]).keys()
    assert len(wanted) < len(versions(LOCKS["dev.txt"])) - 10
