"""Settings: every one is an environment variable `BOTTEGA_…`, read once at start. `doctor` and the docs list them from here.

Secrets are never in the repository: `BOTTEGA_SECRET` (or the demo's generated file) is the one root secret; every key in
use is derived from it for its purpose (`infra/crypto.py`).
"""

import os
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator can turn. The text beside each one is its documentation."""

    database_url: Annotated[str, Meta(description="PostgreSQL 15 or newer; empty means the embedded one")] = ""
    secret: Annotated[str, Meta(description="Root secret, at least 32 characters; all keys are derived from it")] = ""
    public_url: Annotated[str, Meta(description="Where browsers reach the shop, without a slash at the end")] = (
        "http://127.0.0.1:8000"
    )
    host: Annotated[str, Meta(description="Address the web process listens on")] = "127.0.0.1"
    port: Annotated[int, Meta(description="Port the web process listens on")] = 8000
    web_processes: Annotated[int, Meta(description="How many web processes `up` starts")] = 1
    database_connections: Annotated[int, Meta(description="Connections in the pool of one process")] = 8
    stripe_secret_key: Annotated[
        str, Meta(description="Secret key of the payment provider; empty turns online off")
    ] = ""
    stripe_publishable_key: Annotated[
        str, Meta(description="Key that the checkout page hands to the provider's script")
    ] = ""
    stripe_webhook_secrets: Annotated[
        str, Meta(description="Signing secrets of the webhook, comma separated; two during a rotation")
    ] = ""
    stripe_api_base: Annotated[
        str, Meta(description="Base address of the provider's API; empty means Stripe's own")
    ] = ""
    stripe_js_url: Annotated[str, Meta(description="The provider's browser script")] = "https://js.stripe.com/v3/"
    stripe_account: Annotated[str, Meta(description="A name for the provider account, kept with each payment")] = (
        "default"
    )
    reconcile_minutes: Annotated[
        int, Meta(description="Minutes between comparisons of the provider's ledger with ours; 0: only when asked")
    ] = 60
    reconcile_days: Annotated[int, Meta(description="How many days back such a comparison looks")] = 3
    rate_limit: Annotated[int, Meta(description="Requests a minute for one subject or address; 0 turns it off")] = 1200
    batch_size: Annotated[int, Meta(description="Most orders one group commit takes together")] = 128
    stream_heartbeat: Annotated[float, Meta(description="Seconds between heartbeats on a stream")] = 15.0
    log_format: Annotated[str, Meta(description="console or json")] = "console"
    log_level: Annotated[str, Meta(description="debug, info, warning or error")] = "info"
    trusted_proxies: Annotated[
        str, Meta(description="Addresses whose X-Forwarded-For is believed, comma separated")
    ] = ""


def environment_name(field: str) -> str:
    """The environment variable of a setting."""
    return f"BOTTEGA_{field.upper()}"


def load(environment: dict[str, str] | None = None) -> Settings:
    """Read the settings from the environment. Raises `msgspec.ValidationError` naming the one that is wrong."""
    source = dict(os.environ) if environment is None else environment
    values: dict[str, Any] = {}
    for field in Settings.__struct_fields__:
        raw = source.get(environment_name(field))
        if raw is not None:
            values[field] = raw
    return msgspec.convert(values, Settings, strict=False)


def to_environment(settings: Settings) -> dict[str, str]:
    """The settings as environment variables, for a child process."""
    return {environment_name(field): str(getattr(settings, field)) for field in Settings.__struct_fields__}


def describe() -> list[tuple[str, str, str, str]]:
    """Every setting as (variable, type, default, meaning), for the documents."""
    hints = get_type_hints(Settings, include_extras=True)
    rows: list[tuple[str, str, str, str]] = []
    for field in msgspec.structs.fields(Settings):
        hint = hints[field.name]
        inner, meta = (get_args(hint)[0], get_args(hint)[1]) if get_origin(hint) is Annotated else (hint, None)
        rows.append(
            (environment_name(field.name), inner.__name__, str(field.default), meta.description if meta else "")
        )
    return rows
