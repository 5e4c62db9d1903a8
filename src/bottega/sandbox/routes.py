"""Which verb answers which path of the API: a table. A segment `*` is a name and is given to the verb."""

from collections.abc import Callable

from bottega.sandbox import (
    accounts,
    charges,
    customers,
    direct,
    disputes,
    events,
    intents,
    ledger,
    methods,
    refunds,
    searches,
    setups,
    sources,
    tokens,
    webhooks,
)
from bottega.sandbox.problems import Doc, Refused

Verb = Callable[..., Doc]

ROUTES: dict[str, Verb] = {
    "POST payment_intents": intents.create,
    "GET payment_intents": intents.list_all,
    "GET payment_intents/search": searches.intents,
    "GET payment_intents/*": intents.retrieve,
    "GET payment_intents/*/amount_details_line_items": intents.line_items,
    "POST payment_intents/*": intents.update,
    "POST payment_intents/*/confirm": intents.confirm,
    "POST payment_intents/*/capture": intents.capture,
    "POST payment_intents/*/increment_authorization": intents.increment_authorization,
    "POST payment_intents/*/cancel": intents.cancel,
    "POST setup_intents": setups.create,
    "GET setup_intents": setups.list_all,
    "GET setup_intents/*": setups.retrieve,
    "POST setup_intents/*": setups.update,
    "POST setup_intents/*/confirm": setups.confirm,
    "POST setup_intents/*/cancel": setups.cancel,
    "POST charges": direct.create,
    "GET charges": charges.list_all,
    "GET charges/search": searches.charges,
    "GET charges/*": charges.retrieve,
    "GET charges/*/refunds": refunds.list_of_charge,
    "GET charges/*/refunds/*": refunds.retrieve_of_charge,
    "POST charges/*": charges.update,
    "POST charges/*/capture": direct.capture,
    "POST refunds": refunds.create,
    "GET refunds": refunds.list_all,
    "GET refunds/*": refunds.retrieve,
    "POST refunds/*": refunds.update,
    "POST refunds/*/cancel": refunds.cancel,
    "GET disputes": disputes.list_all,
    "GET disputes/*": disputes.retrieve,
    "POST disputes/*": disputes.update,
    "POST disputes/*/close": disputes.close,
    "POST payment_methods": methods.create,
    "GET payment_methods": methods.list_all,
    "GET payment_methods/*": methods.retrieve,
    "POST payment_methods/*": methods.update,
    "POST payment_methods/*/attach": methods.attach,
    "POST payment_methods/*/detach": methods.detach,
    "POST tokens": tokens.create,
    "GET tokens/*": tokens.retrieve,
    "POST customers": customers.create,
    "GET customers": customers.list_all,
    "GET customers/search": searches.customers,
    "GET customers/*": customers.retrieve,
    "POST customers/*": customers.update,
    "DELETE customers/*": customers.delete,
    "POST customers/*/sources": sources.create,
    "GET customers/*/sources": sources.list_all,
    "GET customers/*/sources/*": sources.retrieve,
    "DELETE customers/*/sources/*": sources.delete,
    "GET radar.early_fraud_warnings": disputes.list_warnings,
    "GET radar.early_fraud_warnings/*": disputes.retrieve_warning,
    "GET customers/*/payment_methods": methods.list_of_customer,
    "GET customers/*/payment_methods/*": methods.retrieve_of_customer,
    "GET events": events.list_all,
    "GET events/*": events.retrieve,
    "GET account": accounts.current,
    "GET accounts/*": accounts.retrieve,
    "GET balance": ledger.balance,
    "GET balance_transactions": ledger.list_all,
    "GET balance_transactions/*": ledger.retrieve,
    "POST webhook_endpoints": webhooks.create,
    "GET webhook_endpoints": webhooks.list_all,
    "GET webhook_endpoints/*": webhooks.retrieve,
    "POST webhook_endpoints/*": webhooks.update,
    "DELETE webhook_endpoints/*": webhooks.delete,
}
FOR_BROWSERS: frozenset[Verb] = frozenset(
    {intents.retrieve, intents.confirm, setups.retrieve, setups.confirm, methods.create, tokens.create}
)


def match(method: str, path: str) -> tuple[str, Verb, tuple[str, ...]]:
    """The route, its verb and the names in the path. Refused with 404 in Stripe's words when there is none."""
    parts = path.removeprefix("/v1/").replace("radar/", "radar.", 1).rstrip("/").split("/")
    # Odd places are names: payment_intents/pi_1/capture. Only a search has a word there.
    if parts[1:] == ["search"]:
        names, pattern = (), f"{parts[0]}/search"
    else:
        names = tuple(parts[1::2])
        pattern = "/".join("*" if place % 2 else part for place, part in enumerate(parts))
    verb = ROUTES.get(f"{method} {pattern}")
    if verb is None:
        message = f"Unrecognized request URL ({method}: {path})."
        raise Refused(404, "invalid_request_error", message, stored=False)
    return f"{method} {pattern}", verb, names
