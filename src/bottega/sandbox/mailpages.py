"""What the mail sink has caught: pages under /mail for people, JSON under /_sandbox/mail for programs."""

from email import message_from_bytes, policy

from bottega.sandbox.controls import foreign
from bottega.sandbox.store import Doc, mails
from bottega.sandbox.templates import page
from bottega.sandbox.web import Request, Response, json
from bottega.sandbox.world import World


def _parsed(row: Doc) -> Doc:
    message = message_from_bytes(row["raw"], policy=policy.default)
    plain, rich = message.get_body(("plain",)), message.get_body(("html",))
    return {
        "id": row["id"],
        "at": row["at"],
        "sender": row["sender"],
        "recipients": row["recipients"].split(", "),
        "subject": str(message.get("Subject", "")),
        "text": plain.get_content() if plain else "",
        "html": rich.get_content() if rich else "",
        "headers": {name: str(value) for name, value in message.items()},
        "attachments": [part.get_filename() or "unnamed" for part in message.iter_attachments()],
    }


def _mail(world: World, number: str) -> Doc | None:
    row = mails.get(world.store, int(number)) if number.isdecimal() and len(number) < 16 else None
    return _parsed(row) if row else None


def serve_json(world: World, request: Request) -> Response:
    """`GET /_sandbox/mail[?to=]`, `GET /_sandbox/mail/{id}`, `DELETE /_sandbox/mail`."""
    number = request.path.removeprefix("/_sandbox/mail").strip("/")
    if foreign(request):
        return json({"error": "other sites may not post here"}, 403)
    if request.method == "DELETE":
        mails.clear(world.store)
        return json({"status": "ok"})
    if number:
        mail = _mail(world, number)
        return json(mail or {"error": "no such mail"}, 200 if mail else 404)
    return json({"mails": [_parsed(row) for row in mails.newest(world.store, 1000, request.argument("to"))]})


def serve_page(world: World, request: Request) -> Response:
    """The list, or one mail."""
    number = request.path.removeprefix("/mail").strip("/")
    if not number:
        found = [_parsed(row) for row in mails.newest(world.store, 100)]
        return page("mails.html", here="mail", mails=found, mail_port=world.store.meta("mail_port", "0"))
    mail = _mail(world, number)
    return page("mail.html", here="mail", mail=mail, status=200 if mail else 404)
