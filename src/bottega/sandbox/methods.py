"""Payment methods: cards from test tokens or typed numbers, wallets and bank debits; saved on customers or not.

Knows what may be typed (length, check digit, expiry) and keeps which test card it is, never a number that isn't one.
"""

from datetime import UTC, datetime

from bottega.sandbox import debits
from bottega.sandbox.cards import BY_TOKEN, Card, card_of, face, future_expiry, luhn
from bottega.sandbox.debits import DEBITS
from bottega.sandbox.desk import Desk, created, listing
from bottega.sandbox.events import emit, snapshot
from bottega.sandbox.ids import new_id
from bottega.sandbox.params import Params
from bottega.sandbox.problems import Doc, Refused, conflict, invalid, missing_param, not_found

# Paid by redirecting or from an app: they succeed at once here. Debits are `processing` first.
WALLETS = frozenset(
    """
    affirm afterpay_clearpay alipay alma amazon_pay bancontact billie bizum blik boleto cashapp crypto customer_balance
    eps fpx giropay grabpay ideal kakao_pay klarna konbini kr_card link mb_way mobilepay multibanco naver_pay oxxo p24
    pay_by_bank payco paynow paypal paypay pix promptpay revolut_pay samsung_pay satispay scalapay sequra sofort sunbit
    swish twint upi wechat_pay zip
    """.split()
)
# They may be named, but nobody pays with them here.
ELSEWHERE = frozenset({"acss_debit", "au_becs_debit", "card_present", "interac_present", "nz_bank_account", "payto"})
TYPES = WALLETS | DEBITS | {"card"}
REDISPLAY = frozenset({"always", "limited", "unspecified"})


def default_types(currency: str) -> list[str]:
    """What is offered when nobody says: cards, wallets, and the debit of the currency."""
    debit = {"eur": ["sepa_debit"], "gbp": ["bacs_debit"], "usd": ["us_bank_account"]}.get(currency, [])
    return ["card", "link", *debit]


def offered(params: Params) -> tuple[Doc | None, list[str]]:
    """What an intent may be paid or set up with: the automatic choice, or (None and) the types that were named."""
    automatic = params.table("automatic_payment_methods")
    types = params.texts("payment_method_types") or params.texts("allowed_payment_method_types")
    if unknown := [kind for kind in types if kind not in TYPES | ELSEWHERE]:
        raise invalid(f"The payment method type {unknown[0][:40]!r} is invalid.", "payment_method_types")
    if not (automatic.flag("enabled") if automatic else not types):
        return None, types
    if types:
        raise invalid("You may only specify one of: automatic_payment_methods, payment_method_types.")
    return {"enabled": True, "allow_redirects": (automatic and automatic.text("allow_redirects")) or "always"}, types


def resolve(desk: Desk, name: str, param: str = "payment_method") -> Doc:
    """The payment method of an id or of a test token (which makes a fresh one)."""
    if name in BY_TOKEN:
        return _of_card(desk, BY_TOKEN[name], *future_expiry(datetime.fromtimestamp(desk.now, UTC)))
    if name in debits.TOKENS:
        return _of_account(desk, "us_bank_account", debits.us_face(), debits.TOKENS[name])
    method = desk.store.get("payment_method", name)
    if method is None or desk.store.account_of(name) != desk.account:
        raise not_found("PaymentMethod", name, param)
    return method


def from_data(desk: Desk, data: Params) -> Doc:
    """A payment method from `payment_method_data`: `type` and its details, `billing_details`, `metadata`."""
    kind = data.required("type")
    if kind not in TYPES:
        raise invalid(f"Invalid payment_method_data[type]: {kind[:40]}", "payment_method_data[type]")
    if kind == "card":
        method = typed_card(desk, data.table("card"))
    elif kind in DEBITS:
        method = _of_account(desk, kind, *debits.read(kind, data))
    else:
        method = _new(desk, kind, {})
    method["billing_details"] |= data.plain("billing_details") or {}
    method["metadata"] = data.metadata()
    desk.save(method)
    return method


def of_token(desk: Desk, name: str, param: str) -> Doc:
    """The method of one of Stripe's test tokens (`tok_visa`), or of a token that was made here and not used yet."""
    known = BY_TOKEN.get(name.replace("tok_", "pm_card_", 1))
    if known is not None:
        return _of_card(desk, known, *future_expiry(datetime.fromtimestamp(desk.now, UTC)), prefix="card")
    token = desk.store.get("token", name)
    if token is None or desk.store.account_of(name) != desk.account:
        raise not_found("token", name, param)
    if token["used"]:
        message = f"You cannot use a Stripe token more than once: {name}."
        raise conflict(message, "token_already_used", param)
    desk.save(token | {"used": True})
    return desk.find("payment_method", token["_method"])


def typed_card(desk: Desk, card: Params | None, prefix: str = "pm") -> Doc:
    """A method of a card's number, month, year and cvc, or of a test token. Refused by what is wrong with it."""
    if card is None:
        raise missing_param("payment_method_data[card]")
    if token := card.text("token"):
        return of_token(desk, token, "card[token]")
    number = card.required("number").replace(" ", "").replace("-", "")
    cvc = card.text("cvc")
    if not (number.isascii() and number.isdigit() and 12 <= len(number) <= 19 and luhn(number)):
        raise _card_problem("incorrect_number", "Your card number is incorrect.", "number")
    month, year = _expiry(desk, card.integer("exp_month") or 0, card.integer("exp_year") or 0)
    if cvc is not None and not (cvc.isascii() and cvc.isdigit() and 3 <= len(cvc) <= 4):
        raise _card_problem("invalid_cvc", "Your card's security code is invalid.", "cvc")
    return _of_card(desk, card_of(number), month, year, prefix)


def _expiry(desk: Desk, month: int, year: int) -> tuple[int, int]:
    if not 1 <= month <= 12:
        raise _card_problem("invalid_expiry_month", "Your card's expiration month is invalid.", "exp_month")
    year += 2000 if year < 100 else 0
    today = datetime.fromtimestamp(desk.now, UTC)
    if not (today.year, today.month) <= (year, month) <= (today.year + 50, 12):
        raise _card_problem("invalid_expiry_year", "Your card's expiration year is invalid.", "exp_year")
    return month, year


def _card_problem(code: str, message: str, param: str) -> Refused:
    return Refused(402, "card_error", message, stored=False, code=code, param=param)


def _of_card(desk: Desk, card: Card, month: int, year: int, prefix: str = "pm") -> Doc:
    method = _new(desk, "card", face(card, month, year), prefix)
    method["_number"] = card.number
    method["_wallet"] = card.wallet
    desk.save(method)
    return method


def _of_account(desk: Desk, kind: str, shown: Doc, account: debits.Account) -> Doc:
    method = _new(desk, kind, shown)
    method |= {"_fails": account.fails, "_seconds": account.seconds, "_dispute": account.dispute}
    desk.save(method)
    return method


def _new(desk: Desk, kind: str, details: Doc, prefix: str = "pm") -> Doc:
    billing = {"address": None, "email": None, "name": None, "phone": None, "tax_id": None}
    return created(
        desk, new_id(prefix), "payment_method",
        type=kind, allow_redisplay="unspecified", billing_details=billing, customer=None, metadata={},
        **{kind: details},
    )  # fmt: skip


def create(desk: Desk, params: Params) -> Doc:
    """A payment method that isn't saved on anybody yet."""
    return from_data(desk, params)


def retrieve(desk: Desk, params: Params, name: str) -> Doc:
    """By id."""
    return resolve(desk, name, "id") if name in BY_TOKEN else desk.find("payment_method", name)


def list_all(desk: Desk, params: Params) -> Doc:
    """Filtered by `customer` and `type`."""
    return listing(desk, "payment_method", params, "/v1/payment_methods")


def update(desk: Desk, params: Params, name: str) -> Doc:
    """Billing details, metadata, and the expiry of a card that its bank has renewed. Only of a saved one."""
    method = desk.find("payment_method", name)
    if method["customer"] is None:
        message = "You must save this PaymentMethod to a customer before you can update it."
        raise conflict(message, "payment_method_unexpected_state")
    before = {**method, "card": dict(method.get("card", {}))}
    method["metadata"] = params.metadata(method["metadata"])
    method["billing_details"] = {**method["billing_details"], **(params.plain("billing_details") or {})}
    method["allow_redisplay"] = params.text("allow_redisplay", REDISPLAY) or method["allow_redisplay"]
    if (card := params.table("card")) and method["type"] == "card":
        shown = method["card"]
        month, year = card.integer("exp_month") or shown["exp_month"], card.integer("exp_year") or shown["exp_year"]
        shown |= dict(zip(("exp_month", "exp_year"), _expiry(desk, month, year), strict=True))
    keep(desk, method)
    emit(desk, "payment_method.updated", method, snapshot(before, method))
    return method


def attach(desk: Desk, params: Params, name: str) -> Doc:
    """Save it on a customer."""
    method = resolve(desk, name, "id")
    customer = desk.find("customer", params.required("customer"), "customer")
    if customer.get("_deleted"):
        raise not_found("customer", customer["id"], "customer")
    if method.get("_detached"):
        message = (
            "This PaymentMethod was previously used without being attached to a Customer or was detached from one."
        )
        raise conflict(message, "payment_method_unexpected_state")
    decline = card_of(method["_number"]).decline_on_attach if "_number" in method else None
    if decline is not None:
        raise Refused(402, "card_error", decline.message, code=decline.code, decline_code=decline.decline_code)
    if method["customer"] not in (None, customer["id"]):
        raise conflict("The payment method is already attached to another customer.", "payment_method_unexpected_state")
    method["customer"] = customer["id"]
    keep(desk, method)
    emit(desk, "payment_method.attached", method)
    return method


def detach(desk: Desk, params: Params, name: str) -> Doc:
    """Take it off its customer; it can't be used again."""
    method = desk.find("payment_method", name)
    if method["customer"] is None:
        raise conflict("The payment method isn't attached to a customer.", "payment_method_unexpected_state")
    owner, method["customer"] = desk.find("customer", method["customer"]), None
    method["_detached"] = True
    keep(desk, method)
    if name in (owner["default_source"], owner["invoice_settings"]["default_payment_method"]):
        owner["invoice_settings"]["default_payment_method"] = owner["default_source"] = None
        desk.save(owner)
    emit(desk, "payment_method.detached", method, {"customer": owner["id"]})
    return method


def keep(desk: Desk, method: Doc) -> None:
    """Save it among those of its customer, if it has one."""
    desk.save(method, parent=method["customer"] or "")


def saved(desk: Desk, customer: str) -> list[Doc]:
    """The methods saved on a customer, oldest first."""
    return desk.store.children("payment_method", customer)


def list_of_customer(desk: Desk, params: Params, customer: str) -> Doc:
    """The saved methods of one customer."""
    if desk.find("customer", customer).get("_deleted"):
        raise not_found("customer", customer)
    below = Params({**params.tree, "customer": customer})
    return listing(desk, "payment_method", below, f"/v1/customers/{customer}/payment_methods")


def retrieve_of_customer(desk: Desk, params: Params, customer: str, name: str) -> Doc:
    """One saved method, if it is this customer's."""
    method = desk.find("payment_method", name)
    if method["customer"] != customer:
        raise not_found("PaymentMethod", name)
    return method
