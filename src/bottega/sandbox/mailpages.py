"""What the mail sink has caught: pages under /mail for people, JSON under /_sandbox/mail for programs."""

from email import message_from_bytes, policy
from typing import Any

from bottega.sandbox.controls import foreign
from bottega.sandbox.templates import page
from bottega.sandbox.web import Request, Response, json
from bottega.sandbox.world import World

_COLUMNS = "id, at, sender, recipients, raw"


def _parsed(row: tuple[Any, ...]) -> dict[str, Any]:
    number, at, sender, recipients, raw = row
    message = message_from_bytes(raw, policy=policy.default)
    plain, rich = message.get_body(("plain",)), message.get_body(("html",))
    return {
        "id": number,
        "at": at,
        "sender": sender,
        "recipients": recipients.split(", "),
        "subject": str(message.get("Subject", "")),
        "text": plain.get_content() if plain else "",
        "html": rich.get_content() if rich else "",
        "headers": {name: str(value) for name, value in message.items()},
        "attachments": [part.get_filename() or "unnamed" for part in message.iter_attachments()],
    }


def _mails(world: World, limit: int, recipient: str = "") -> list[dict[str, Any]]:
    sql = f"SELECT {_COLUMNS} FROM mails WHERE instr(recipients, ?) ORDER BY id DESC LIMIT ?"  # noqa: S608
    return [_parsed(row) for row in world.store.rows(sql, (recipient, limit))]


def _mail(world: World, number: str) -> dict[str, Any] | None:
    sql = f"SELECT {_COLUMNS} FROM mails WHERE id = ?"  # noqa: S608
    rows = world.store.rows(sql, (int(number),)) if number.isdigit() else []
    return _parsed(rows[0]) if rows else None


def serve_json(world: World, request: Request) -> Response:
    """`GET /_sandbox/mail[?to=]`, `GET /_sandbox/mail/{id}`, `DELETE /_sandbox/mail`."""
    number = request.path.removeprefix("/_sandbox/mail").strip("/")
    if foreign(request):
        return json({"error": "other sites may not post here"}, 403)
    if request.method == "DELETE":
        world.store.run("DELETE FROM mails")
        return json({"status": "ok"})
    if number:
        mail = _mail(world, number)
        return json(mail or {"error": "no such mail"}, 200 if mail else 404)
    return json({"mails": _mails(world, min(int(request.argument("limit", "100")), 1000), request.argument("to"))})


def serve_page(world: World, request: Request) -> Response:
    """The list, or one mail."""
    number = request.path.removeprefix("/mail").strip("/")
    if not number:
        return page("mails.html", here="mail", mails=_mails(world, 100), mail_port=world.store.meta("mail_port", "0"))
    mail = _mail(world, number)
    return page("mail.html", here="mail", mail=mail, status=200 if mail else 404)
