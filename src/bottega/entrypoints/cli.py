"""The command line: what commands there are, their options and examples. What they do stands in a module each.

Data goes to stdout, everything else to stderr; the exit codes are `terminal.Exit`. No command asks a question.
"""

import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from bottega.entrypoints import demo as demo_command
from bottega.entrypoints import doctor as doctor_command
from bottega.entrypoints import migrating, reconciling, verifying
from bottega.entrypoints import up as up_command
from bottega.entrypoints.bench import command as bench_command
from bottega.entrypoints.options import taking
from bottega.entrypoints.rush import command as rush_command
from bottega.entrypoints.terminal import CommandFailed, Exit, complain, out
from bottega.entrypoints.torture import command as torture_command
from bottega.entrypoints.verify import Ask

app = typer.Typer(
    name="bottega",
    help="One ordering engine for every shop that makes or sells things.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 fine · 1 failed · 2 wrong usage · 3 not found · 4 not allowed · 5 conflict (in use, taken).",
)

Data = Annotated[Path | None, typer.Option("--data", help="Data folder.", show_default=".bottega here, or your own")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 lets phones in your network in.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port of the shop.")]
Web = Annotated[
    int, typer.Option("--web", min=0, max=64, help="Web processes on the one port; 0: as the settings say.")
]


def _examples(*lines: str) -> str:
    return "[bold]Examples[/bold]\n\n" + "\n\n".join(lines)


def _version(asked: bool) -> None:
    if asked:
        out.print(f"bottega {version('bottega')}")
        raise typer.Exit


@app.callback()
def everything(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """One ordering engine for every shop that makes or sells things."""


@app.command(
    epilog=_examples(
        "bottega demo",
        "bottega demo --host 0.0.0.0 --port 9000    [dim]# open it on a phone[/dim]",
        "bottega demo --data /tmp/other --json | head -1 | jq .stores    [dim]# for scripts[/dim]",
    )
)
def demo(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    data: Data = None,
    web: Web = 0,
    as_json: Json = False,
    no_seed: Annotated[bool, typer.Option("--no-seed", help="Start without the demo chain.")] = False,
) -> None:
    """Run a coffee chain on this machine: database, payment sandbox, mail, shop. Ctrl-C stops it, the data stays."""
    options = demo_command.Options(host=host, port=port, data=data, web=web, as_json=as_json, with_seed=not no_seed)
    demo_command.run(options)


@app.command(
    epilog=_examples(
        "BOTTEGA_DATABASE_URL=postgresql://shop@db/shop BOTTEGA_SECRET=… bottega up --web 4",
        "bottega up --data /var/lib/shop    [dim]# embedded database, secret kept in the folder[/dim]",
        "bottega up --role worker    [dim]# one role on this machine[/dim]",
    )
)
def up(
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="BOTTEGA_HOST")] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of the shop.", show_default="BOTTEGA_PORT")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder of the embedded database and the secret, where none are named.")
    ] = None,
    web: Web = 0,
    role: Annotated[up_command.Role, typer.Option(help="What to run here.")] = up_command.Role.ALL,
    no_migrate: Annotated[
        bool, typer.Option("--no-migrate", help="Refuse to start on a database that is behind.")
    ] = False,
) -> None:
    """Run the shop for real use: web processes and a worker, settings from BOTTEGA_…, structured logs on stderr."""
    up_command.run(up_command.Options(host=host, port=port, data=data, web=web, role=role, may_migrate=not no_migrate))


@app.command(epilog=_examples("bottega migrate --status", "bottega migrate --json"))
def migrate(
    status: Annotated[bool, typer.Option("--status", help="Change nothing; exit 1 when it is behind.")] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Bring the database of BOTTEGA_DATABASE_URL (or of a data folder) to this version."""
    raise typer.Exit(migrating.run(data, only_status=status, as_json=as_json))


@app.command(
    epilog=_examples(
        "bottega verify",
        "bottega verify money orders.numbers --json",
        "bottega verify --since 1h    [dim]# cheap enough for every minute[/dim]",
    )
)
def verify(
    only: Annotated[list[str] | None, typer.Argument(help="Checks or groups of them.", show_default="all")] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Only what was made since: 30m, 1h, 7d, or an instant.", show_default="everything"),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as well.")] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Check every invariant of the data in one snapshot, and show the rows at fault. Exit 1 when there are any."""
    raise typer.Exit(verifying.run(Ask(only=tuple(only or ()), since=since, strict=strict, as_json=as_json), data))


@app.command(
    epilog=_examples(
        "bottega reconcile",
        "bottega reconcile --from 7d --store milano --mend",
        "bottega reconcile --from 2030-01-01T00:00Z --to 2030-02-01T00:00Z --json",
    )
)
@taking(reconciling.Options)
def reconcile(options: reconciling.Options) -> None:
    """Compare the payment provider's ledger with ours, in both directions. Exit 1 when they differ."""
    raise typer.Exit(reconciling.run(options))


@app.command(epilog=_examples("bottega doctor", "bottega doctor --data .bottega --json"))
def doctor(data: Data = None, as_json: Json = False) -> None:
    """Look at everything a shop needs, and say how to mend what is wrong. Exit 1 when something is."""
    raise typer.Exit(doctor_command.run(doctor_command.Options(data=data, as_json=as_json)))


@app.command(
    epilog=_examples(
        "bottega rush    [dim]# against the demo that runs here[/dim]",
        "bottega rush --rate 10 --minutes 2 --seed 7",
        "bottega rush https://shop.example --login barista.milano:secret --no-verify --json",
    )
)
@taking(rush_command.Options)
def rush(options: rush_command.Options) -> None:
    """Play a morning rush: customers, cards, baristas, cancels. Exit 1 after an error or a broken invariant."""
    raise typer.Exit(rush_command.run(options))


@app.command(
    epilog=_examples("bottega bench", "bottega bench --only a,b --rounds 5 --seconds 6", "bottega bench --json")
)
def bench(
    only: Annotated[str, typer.Option(help="a orders, b menus, c streams, d a full table.")] = "a,b,c,d",
    rounds: Annotated[int, typer.Option(help="Alternating rounds; medians count.")] = 3,
    seconds: Annotated[float, typer.Option(help="Length of one round of (a).")] = 4.0,
    connections: Annotated[int, typer.Option(help="Streams of (c).")] = 5000,
    stores: Annotated[int, typer.Option(help="Stores of the chain that orders go to.")] = 20,
    as_json: Json = False,
) -> None:
    """Measure orders, menus, streams and a full table on this machine; JSON goes to bench-results/ as well."""
    bench_command.run(
        bench_command.Options(
            only=only, rounds=rounds, seconds=seconds, connections=connections, stores=stores, as_json=as_json
        )
    )


@app.command(
    epilog=_examples(
        "bottega torture --minutes 2 --seed 7",
        "bottega torture --only payments --count 1000",
        "bottega torture --seconds 30 --keep /tmp/run --json    [dim]# data and logs stay[/dim]",
    )
)
@taking(torture_command.Options)
def torture(options: torture_command.Options) -> None:
    """Run the whole shop under seeded faults, then compare everything. Exit 1 when anything is lost, doubled or left over."""
    raise typer.Exit(torture_command.run(options))


def main() -> None:
    """The command `bottega`."""
    try:
        app()
    except CommandFailed as failure:
        complain(failure)
        sys.exit(failure.code)
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python would complain once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(Exit.OK)
