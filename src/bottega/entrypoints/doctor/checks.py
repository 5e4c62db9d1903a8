"""The examination: what the shop would run with, all looks in order, and the telling."""

import asyncio
from pathlib import Path

import msgspec
from rich.table import Table
from rich.text import Text

from bottega.entrypoints.data_folder import DataFolder, default_folder
from bottega.entrypoints.doctor import database, machine, provider
from bottega.entrypoints.doctor.model import Check, Patient, State, failed, ok, skipped
from bottega.entrypoints.launch import database_of, read_settings
from bottega.entrypoints.terminal import CommandFailed, Exit, out, show_json
from bottega.infra.postgres import EmbeddedPostgres
from bottega.infra.settings import Settings

MARKS = {
    State.OK: ("✓", "green"),
    State.WARNING: ("!", "bold yellow"),
    State.FAILED: ("✗", "bold red"),
    State.SKIPPED: ("-", "dim"),
}


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asks for."""

    data: Path | None = None
    as_json: bool = False


class Report(msgspec.Struct, frozen=True):
    """The outcome: `ok` when nothing failed."""

    ok: bool
    checks: list[Check]


def run(options: Options) -> Exit:
    """Examine, tell, and give the exit code: 1 when something is wrong."""
    checks = examine(options.data)
    report = Report(not any(check.state is State.FAILED for check in checks), checks)
    if options.as_json:
        show_json(report)
    else:
        _tell(report)
    return Exit.OK if report.ok else Exit.FAILURE


def examine(data: Path | None) -> list[Check]:
    """All looks at the shop of the environment; at that of a data folder when one is given or no database is named."""
    try:
        settings = read_settings()
    except CommandFailed as error:
        reason = "the settings make no sense"
        return [failed("settings", error.said, error.mend), *machine.all_skipped(reason), skipped("database", reason)]
    patient = _patient(settings, data)
    said = f"data folder {patient.folder.path}" if patient.folder else "from the environment"
    looked = _look_at_database(patient)
    return [ok("settings", said), *machine.look(patient), *looked, *provider.look(patient)]


def _look_at_database(patient: Patient) -> list[Check]:
    """Look at the database; that of a folder at rest is started for the look, because that may be what fails."""
    folder = patient.folder
    if patient.settings.database_url or folder is None or not folder.postgres.exists():
        return asyncio.run(database.look(patient))
    try:
        with database_of(folder.path) as url:
            settings = msgspec.structs.replace(patient.settings, database_url=url)
            return asyncio.run(database.look(msgspec.structs.replace(patient, settings=settings)))
    except CommandFailed as error:
        return [failed("database", error.said, error.mend or "Look at the log that it names.")]


def _patient(settings: Settings, data: Path | None) -> Patient:
    """What would run: with a folder, its secret, its keys, its database and where it says that it is running."""
    if data is None and (settings.database_url or not default_folder().exists()):
        return Patient(settings, None, runs=False)
    folder = DataFolder(data)
    running = folder.running()
    settings = msgspec.structs.replace(settings, secret=settings.secret or folder.root_secret(make=False))
    keys = folder.sandbox_keys(make=False)
    if running is None:
        return Patient(settings, folder, runs=False)
    settings = msgspec.structs.replace(
        settings,
        host=running.host,
        port=running.port,
        database_url=settings.database_url or EmbeddedPostgres(folder.postgres).url(),
    )
    if keys is not None and running.sandbox_port:
        settings = msgspec.structs.replace(
            settings,
            stripe_secret_key=keys.secret_key,
            stripe_publishable_key=keys.publishable_key,
            stripe_webhook_secrets=keys.webhook_secret,
            stripe_api_base=f"http://127.0.0.1:{running.sandbox_port}",
        )
    return Patient(settings, folder, runs=True)


def _tell(report: Report) -> None:
    table = Table.grid(padding=(0, 2))
    for _ in range(3):
        table.add_column(overflow="fold")
    for check in report.checks:
        mark, style = MARKS[check.state]
        table.add_row(Text(mark, style=style), check.name, Text(check.said, style="dim" if not check.mend else ""))
        if check.mend:
            table.add_row("", "", Text(f"→ {check.mend}", style="bold"))
    out.print(table, soft_wrap=False)
    wrong = sum(check.state is State.FAILED for check in report.checks)
    warnings = sum(check.state is State.WARNING for check in report.checks)
    if report.ok:
        out.print(f"\nAll is well{f', {warnings} to look at' if warnings else ''}.")
    else:
        out.print(f"\n{wrong} to mend{f', {warnings} to look at' if warnings else ''}.")
