"""Examples for the API's documents, made from a schema: each field by its name, else by its type.

Made up and consistent in style, never real data; the order that they show would be a latte in Milano.
"""

from typing import Any
from uuid import UUID

from bottega.kit import ids

Json = dict[str, Any]
_PREFIXES = {
    "merchant_id": "mer", "store_id": "sto", "product_id": "prd", "variant_id": "var", "group_id": "grp",
    "modifier_id": "mod", "category_id": "cat", "order_id": "ord", "line_id": "lin", "payment_id": "pay",
    "refund_id": "ref", "ticket_id": "tkt", "shortage_id": "sho", "subject_id": "usr",
}  # fmt: skip
_LISTS = {"modifier_ids": "mod", "product_ids": "prd", "modifier_groups": "grp"}
_WORDS: Json = {
    "slug": "milano", "name": "Latte", "variant_name": "Regular", "group_name": "Milk", "contact_name": "Ada",
    "address": None, "line1": "Via Torino 12", "city": "Milano", "postal_code": "20123", "country": "IT",
    "phone": "+39025550101", "email": "ada@example.com", "timezone": "Europe/Rome", "currency": "EUR", "locale": "it",
    "number": "M-041", "note": "", "tracking_url": "/o/ord_….…", "client_secret": "pi_…_secret_…", "reason": "changed my mind",
    "receipt_ref": "000231", "login": "ada@example.com", "password": "…", "access_token": "eyJhbGciOiJFZERTQSJ9…",
    "refresh_token": "…", "token_type": "Bearer", "kind": "ADD_ON", "role": "BARISTA", "event": "start", "actor": "STAFF",
    "status": "PLACED", "state": "QUEUED", "order_status": "PLACED", "from_status": "PLACED", "to_status": "IN_PROGRESS",
    "fulfillment_type": "PICKUP", "pay_mode": "ONLINE", "provider": "STRIPE", "provider_ref": "pi_…", "image": "latte",
    "description": "Espresso with steamed milk", "opens": "07:00", "closes": "19:00", "grant_type": "password",
    "username": "ada@example.com", "category": "Coffee", "from": "06:00", "to": "11:00", "tags": "VEGETARIAN",
    "allowed_transitions": "CANCELLED", "badges": "RECALLED", "promo_codes": None, "until": None, "left": None,
    "cursor": None, "next_cursor": None, "requested_for": None, "delivery_address": None, "failure_code": None,
    "tender": None, "refund_status": None, "merchant": None, "scope": None, "client_id": None, "daypart": None,
    "unavailable_until": None, "recalled_at": None, "done_at": None, "started_at": None, "opens_at": None,
}  # fmt: skip
_NUMBERS: dict[str, int] = {
    "price": 420, "price_delta": 60, "unit_price": 480, "subtotal": 480, "discount": 0, "tax": 44, "fees": 0,
    "total": 480, "expected_total": 480, "qty": 1, "amount": 480, "captured": 480, "refunded": 0, "seq": 1,
    "min_minutes": 5, "max_minutes": 9, "weekday": 0, "expires_in": 600, "version": 7, "position": 1042, "no": 1,
    "min": 0, "max": 1, "minutes": 15, "prep_minutes": 6,
}  # fmt: skip
_AT = "2026-11-20T09:41:00Z"
_SEED = 0x0190_C3F2_7A41_8000_8000_0000_0000_0001


_AT_PLACE: Json = {
    "Contact.name": "Ada", "LineModifierView.name": "Oat milk", "ModifierView.name": "Oat milk",
    "StoreView.name": "Milano", "ModifierGroupView.name": "Milk", "CategoryView.name": "Coffee",
    "TicketView.name": "Ada", "MeView.name": "Sam", "MeView.kind": "STAFF", "ModifierView.kind": "ADD",
    "ModifierGroupView.kind": "MILK", "OrderPaymentView.status": "REQUIRES_PAYMENT", "PaymentView.status": "CAPTURED",
    "RefundView.status": "PENDING", "StoreView.status": "OPEN", "EntryView.kind": "CAPTURED",
    "Transition.expected_status": "PAID", "TicketView.status": "PAID", "TicketView.order_status": "PAID",
    "Health.status": "ok", "TicketView.state": "QUEUED", "Bump.from_state": "QUEUED", "Undo.to_state": "QUEUED",
    "SetAvailability.state": "SOLD_OUT", "SetAvailability.until": "END_OF_DAY", "SetIntake.state": "PAUSED",
    "HistoryView.event": "place", "HistoryView.from_status": None, "HistoryView.to_status": "PLACED",
    "HistoryView.actor": "GUEST", "HistoryView.reason": None, "AvailabilityView.available": False,
    "Transition.receipt_ref": None, "TicketView.badges": [], "EntryView.note": None, "PaymentView.receipt_ref": None,
    "ChangeOrder.expected_total": None, "SetIntake.prep_minutes": None, "RefundBody.lines": [],
    "Readiness.parts": {"database": "ok"}, "TokenRequest.refresh_token": None, "TokenRequest.client_secret": None,
    "TokenRequest.merchant_id": None, "TokenRequest.store_id": None, "LogIn.merchant_id": None,
    "BecomeGuest.merchant_id": None, "LogIn.store_id": None, "CancelOrder.reason": "changed my mind",
    "RefundBody.reason": "cold", "RefundView.reason": "cold",
}  # fmt: skip


def example(schema: Json, schemas: Json, name: str = "", owner: str = "") -> Any:
    """A value that fits a schema; null for what is often left out."""
    if "$ref" in schema:
        return example(schemas[schema["$ref"].rpartition("/")[2]], schemas, name, owner)
    place = f"{owner}.{name}"
    if place in _AT_PLACE:
        return _AT_PLACE[place]
    if name in _PREFIXES:
        return ids.show(_PREFIXES[name], UUID(int=_SEED))
    branches: list[Json] = schema.get("oneOf") or schema.get("anyOf") or []
    if branches:
        if name in _WORDS and _WORDS[name] is None:
            return None
        return example(next(each for each in branches if each.get("type") != "null"), schemas, name, owner)
    if "enum" in schema:
        return _WORDS[name] if _WORDS.get(name) in schema["enum"] else schema["enum"][0]
    return _plain(schema, schemas, name, owner)


def _plain(schema: Json, schemas: Json, name: str, owner: str) -> Any:
    kind = schema.get("type")
    if kind == "object":
        title = str(schema.get("title", "")).rpartition("_")[2]
        properties: Json = schema.get("properties", {})
        return {field: example(each, schemas, field, title) for field, each in properties.items()}
    if kind == "array":
        if name in _LISTS and "$ref" not in schema["items"]:
            return [ids.show(_LISTS[name], UUID(int=_SEED))]
        if name in _WORDS and _WORDS[name] is None:
            return []
        return [example(schema["items"], schemas, name, owner)]
    if kind == "boolean":
        return True
    if kind in ("integer", "number"):
        return _NUMBERS.get(name, 1)
    return _AT if schema.get("format") == "date-time" else _WORDS.get(name, "…")
