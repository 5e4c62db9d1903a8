"""`bottega verify`: which database is meant, and what goes wrong before the first check; the checks are in `verify/`."""

from pathlib import Path

import psycopg

from bottega.entrypoints import launch
from bottega.entrypoints.terminal import CommandFailed, Exit, out
from bottega.entrypoints.verify import Ask, ask


def run(wanted: Ask, data: Path | None) -> Exit:
    """Verify the database of the settings, or of a data folder, running or at rest; 1 when something is broken.

    Raises `CommandFailed` for an unknown check or time, and where there is no database to ask.
    """
    try:
        with launch.database_of(data) as url:
            return Exit(ask(url, wanted, out))
    except ValueError as error:
        raise CommandFailed(str(error), "`bottega verify --json` lists every check.", Exit.USAGE) from error
    except psycopg.OperationalError as error:
        raise CommandFailed(
            f"The database does not answer: {str(error).strip()}", "`bottega doctor` looks closer."
        ) from error
    except psycopg.Error as error:
        raise CommandFailed(f"The database is not of this version: {error}", "Run `bottega migrate`.") from error
