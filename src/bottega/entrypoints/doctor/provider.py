"""Looks at online payment: keys, the provider's answer, the webhook's secret."""

import httpx

from bottega.entrypoints.doctor.model import Check, Patient, failed, ok, skipped, warning
from bottega.infra.settings import Settings

STRIPE = "https://api.stripe.com"
NAMES = ("payment provider", "publishable key", "webhook secret")


def look(patient: Patient) -> list[Check]:
    """All looks at the payment provider."""
    settings = patient.settings
    if not settings.stripe_secret_key:
        if patient.folder is not None and not patient.runs:
            return [skipped(name, "the sandbox is not running") for name in NAMES]
        mend = "Set BOTTEGA_STRIPE_SECRET_KEY, BOTTEGA_STRIPE_PUBLISHABLE_KEY and BOTTEGA_STRIPE_WEBHOOK_SECRETS."
        off = warning(NAMES[0], "no key: only pay at store is offered", mend)
        return [off, *(skipped(name, "online payment is off") for name in NAMES[1:])]
    return [_provider(settings), _publishable(settings), _webhook(settings)]


def _provider(settings: Settings) -> Check:
    base = settings.stripe_api_base or STRIPE
    try:
        answer = httpx.get(
            f"{base}/v1/payment_intents",
            params={"limit": 1},
            headers={"Authorization": f"Bearer {settings.stripe_secret_key}"},
            timeout=5.0,
        )
    except httpx.HTTPError as error:
        said = f"{base} does not answer: {error or type(error).__name__}"
        return failed(NAMES[0], said, "Check the network and BOTTEGA_STRIPE_API_BASE; unpaid orders wait meanwhile.")
    if answer.status_code == 401:
        return failed(NAMES[0], f"{base} refuses the secret key", "Copy it again to BOTTEGA_STRIPE_SECRET_KEY.")
    if answer.status_code >= 400:
        return failed(NAMES[0], f"{base} answers {answer.status_code}", "See the provider's status page.")
    return ok(NAMES[0], f"{base} knows the key")


def _publishable(settings: Settings) -> Check:
    key, secret = settings.stripe_publishable_key, settings.stripe_secret_key
    if not key:
        return failed(NAMES[1], "missing: the checkout page can't show the card form", "BOTTEGA_STRIPE_PUBLISHABLE_KEY")
    if ("_live_" in key) != ("_live_" in secret):
        return failed(NAMES[1], "one key is live, the other is not", "Take both keys from the same mode.")
    return ok(NAMES[1], "set")


def _webhook(settings: Settings) -> Check:
    given = [each.strip() for each in settings.stripe_webhook_secrets.split(",") if each.strip()]
    if not given:
        said = "missing: no payment can be believed, orders stay unpaid"
        return failed(
            NAMES[2], said, "Make an endpoint for /v1/payments/webhook; its secret: BOTTEGA_STRIPE_WEBHOOK_SECRETS."
        )
    odd = [each for each in given if not each.startswith("whsec_")]
    if odd:
        return warning(
            NAMES[2], "it does not look like one (whsec_…)", "Copy the signing secret of the endpoint again."
        )
    return ok(NAMES[2], "set" if len(given) == 1 else f"{len(given)} are set, a rotation")
