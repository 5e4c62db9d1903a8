"""What the sandbox can be told from outside: command-line options, each also an environment variable BOTTEGA_SANDBOX_*.

The command line wins over the environment, the environment over the default. Nothing else reads either.
"""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

PREFIX = "BOTTEGA_SANDBOX_"


@dataclass(frozen=True, slots=True)
class Settings:
    """Host and ports to listen on, the data file (`:memory:` keeps nothing), the keys, and where webhooks go."""

    host: str = "127.0.0.1"
    port: int = 12111
    data: str = ":memory:"
    webhook_url: str = ""
    webhook_secret: str = "whsec_sandbox"
    secret_key: str = ""
    publishable_key: str = ""
    mail_port: int = 0
    seed: int = 0
    faults: str = ""
    merchant: str = "Bottega sandbox"
    public_url: str = ""
    parent: int = 0


OPTIONS: dict[str, str] = {
    "host": "address to listen on",
    "port": "port of the API and the pages (0 picks a free one)",
    "data": "SQLite file that keeps everything over a restart; ':memory:' keeps nothing",
    "webhook_url": "where signed events are posted; empty sends none",
    "webhook_secret": "signing secret of that endpoint (whsec_...)",
    "secret_key": "the only secret key to accept; empty accepts every sk_test_... key",
    "publishable_key": "the only publishable key to accept; empty accepts every pk_test_... key",
    "mail_port": "port of the SMTP mail sink; 0 starts none, -1 picks a free one",
    "seed": "seed of the fault plan: the same seed and calls give the same faults",
    "faults": "the fault plan at the start, as kind=probability[:seconds], separated by commas; calls, webhooks, money and all "
    "stand for their kinds",
    "merchant": "the shop's name, shown on the challenge page",
    "public_url": "where browsers reach the sandbox; empty: http://HOST:PORT",
    "parent": "end when this process, which started us, is gone; 0 never",
}


def read(argv: Sequence[str], environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this run. Exits with a usage message when an option makes no sense."""
    parser = argparse.ArgumentParser(
        prog="python -m bottega.sandbox",
        description="A Stripe-compatible payment provider and a mail sink, for trying things out.",
    )
    defaults = Settings()
    for name, text in OPTIONS.items():
        default: str | int = getattr(defaults, name)
        parser.add_argument(
            "--" + name.replace("_", "-"),
            type=int if isinstance(default, int) else str,
            # A string default goes through `type` too, so a bad environment variable is refused like a bad option.
            default=environ.get(PREFIX + name.upper(), default),
            help=f"{text} (default: {default!r})",
        )
    return Settings(**vars(parser.parse_args(argv)))
