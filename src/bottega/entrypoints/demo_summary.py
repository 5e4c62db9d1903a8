"""What `bottega demo` says when it is ready: for people a page of addresses and logins, for programs one JSON object."""

import msgspec
from rich import box
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bottega.entrypoints.seed import SeededLogin
from bottega.entrypoints.terminal import out

ACCENT = "bold #f0845c"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A store and its pages."""

    store_id: str
    slug: str
    name: str
    currency: str
    timezone: str
    menu: str
    kitchen: str
    screen: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Where everything is. `seconds` is the time from the command to ready."""

    url: str
    api: str
    docs: str
    staff_login: str
    sandbox: str
    mail: str
    smtp: str
    stores: list[Place]
    logins: list[SeededLogin]
    data: str
    database_url: str
    seconds: float
    on_lan: bool = False
    processes: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    ready: bool = True


def present(summary: Summary) -> None:
    """Print it for people."""
    parts = [_title(summary), _places(summary)]
    if summary.logins:
        parts.append(_logins(summary))
    elif not summary.stores:
        parts.append(
            Text(
                "No store is here yet: start without --no-seed for the demo chain, "
                "or open one as docs/howto/run-it-for-real.md shows."
            )
        )
    parts.append(_notes(summary))
    out.print(Padding(Group(*parts), (1, 2)), soft_wrap=False)


def _title(summary: Summary) -> Text:
    return Text.assemble(("The shop is open", ACCENT), (f"   ready in {summary.seconds:.1f} s\n", "dim"))


def _places(summary: Summary) -> Table:
    table = Table.grid(padding=(0, 3))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("Store picker", Text(summary.url, style="bold"))
    for store in summary.stores:
        table.add_row("", "")
        table.add_row(Text(store.name, style="bold not dim"), Text(f"{store.currency}, {store.timezone}", style="dim"))
        table.add_row("  menu", store.menu)
        table.add_row("  kitchen board", store.kitchen)
        table.add_row("  pick-up screen", store.screen)
    table.add_row("", "")
    table.add_row("Staff sign-in", summary.staff_login)
    table.add_row("API, its docs", f"{summary.api}   {summary.docs}")
    table.add_row("Payment sandbox", summary.sandbox)
    table.add_row("Mail", f"{summary.mail}   (smtp {summary.smtp})")
    table.add_row("", "")
    return table


def _logins(summary: Summary) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for title in ("Sign in as", "Password"):
        table.add_column(title, no_wrap=True)
    table.add_column("Who", overflow="fold")
    for each in summary.logins:
        who = f"{each.name}, {each.role.replace('_', ' ').lower()}"
        table.add_row(Text(each.login, style="bold"), each.password, who)
    return table


def _notes(summary: Summary) -> Text:
    lines = [
        "Cards: 4242 4242 4242 4242 pays · 4000 0027 6000 3184 asks for 3-D Secure · 4000 0000 0000 0002 is declined",
        f"Data: {summary.data}",
    ]
    if summary.on_lan:
        lines.append("Everybody in your network can reach this shop, its sandbox and its mail.")
    else:
        lines.append("For phones in your network: --host 0.0.0.0")
    return Text("\n".join([*lines, "Ctrl-C stops everything; the data stays."]), style="dim")
