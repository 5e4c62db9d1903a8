"""`bottega verify`: which database is meant, and what goes wrong before the first check; the checks are in `verify/`."""

from pathlib import Path

import psycopg

from bottega.entrypoints.data_folder import DataFolder, default_folder
from bottega.entrypoints.launch import read_settings
from bottega.entrypoints.terminal import CommandFailed, Exit, out
from bottega.entrypoints.verify import Ask, ask
from bottega.infra.postgres import EmbeddedPostgres


def run(wanted: Ask, data: Path | None) -> Exit:
    """Verify the database of the settings, or of a data folder while it runs; 1 when something is broken.

    Raises `CommandFailed` for an unknown check or time, and where there is no database to ask.
    """
    try:
        return Exit(ask(_database_url(data), wanted, out))
    except ValueError as error:
        raise CommandFailed(str(error), "`bottega verify --json` lists every check.", Exit.USAGE) from error
    except psycopg.OperationalError as error:
        raise CommandFailed(
            f"The database does not answer: {str(error).strip()}", "`bottega doctor` looks closer."
        ) from error
    except psycopg.Error as error:
        raise CommandFailed(f"The database is not of this version: {error}", "Run `bottega migrate`.") from error


def _database_url(data: Path | None) -> str:
    url = read_settings().database_url
    if data is None and (url or not default_folder().exists()):
        if not url:
            raise CommandFailed(
                "There is no database to verify.",
                "Set BOTTEGA_DATABASE_URL, or name the data folder of a demo that runs with --data.",
                Exit.USAGE,
            )
        return url
    return EmbeddedPostgres(DataFolder(data).postgres).url()
