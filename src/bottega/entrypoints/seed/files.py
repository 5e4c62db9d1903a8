"""The data of the demo chain, read from the TOML files of this package into the commands that the domains take."""

import tomllib
from importlib import resources
from typing import Any, TypeVar

import msgspec

from bottega.domains.catalog import NewCatalogue, StoreOffer
from bottega.domains.merchants import OpenStore

T = TypeVar("T")


class StaffMember(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who works in the chain; the password is made when they are added."""

    role: str
    name: str
    login: str


class Shop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One store: how it is opened, what it offers for how much, who works there."""

    store: OpenStore
    offer: StoreOffer
    staff: tuple[StaffMember, ...]


class Chain(msgspec.Struct, frozen=True):
    """All of it: `staff` are those who work for the whole chain."""

    name: str
    catalogue: NewCatalogue
    shops: tuple[Shop, ...]
    staff: tuple[StaffMember, ...]


class _ChainFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    stores: tuple[str, ...]
    staff: tuple[StaffMember, ...]


def chain() -> Chain:
    """Read the demo chain. Raises `msgspec.ValidationError` naming what is wrong in a file."""
    head = _read("chain.toml", _ChainFile)
    return Chain(
        name=head.name,
        catalogue=_read("catalogue.toml", NewCatalogue),
        shops=tuple(_read(f"stores/{name}.toml", Shop) for name in head.stores),
        staff=head.staff,
    )


def _read(name: str, into: type[T]) -> T:
    content: dict[str, Any] = tomllib.loads((resources.files("bottega.entrypoints.seed") / name).read_text("utf-8"))
    return msgspec.convert(content, into)
