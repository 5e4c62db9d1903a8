"""The nursery as a program: imports the roles once, reads one JSON command a line, answers one JSON line, forks.

It ends, and its children with it, when its input does.
"""

import json
import os
import signal
import sys
import traceback
from typing import Any

from bottega.entrypoints import web, worker
from bottega.infra import fault_points
from bottega.sandbox import server as sandbox

ROLES = {"worker": worker.main, "web": web.main, "sandbox": sandbox.main}


def _main() -> None:
    ended: dict[int, int] = {}
    alive: set[int] = set()
    for line in sys.stdin:
        command = json.loads(line)
        answer: int | None
        if command["command"] == "start":
            answer = os.fork()
            if answer == 0:
                _live(command)
            alive.add(answer)
        else:
            pid = command["pid"]
            if pid in alive:
                gone, status = os.waitpid(pid, os.WNOHANG)
                if gone:
                    alive.discard(pid)
                    ended[pid] = os.waitstatus_to_exitcode(status)
            answer = ended.get(pid)
        print(json.dumps(answer), flush=True)
    for pid in alive:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _live(command: dict[str, Any]) -> None:
    """The whole life of a child; it ends as a program does that somebody started."""
    code = 1
    try:
        _become(command)
        fault_points.arm(os.environ.get(fault_points.VARIABLE, ""))
        ROLES[command["role"]]()
        code = 0
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        else:
            code = end.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _become(command: dict[str, Any]) -> None:
    """What a fresh process would have: its own input, output, arguments, environment and parent."""
    log = os.open(command["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    for said in (sys.stdout, sys.stderr):
        said.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    sys.argv[1:] = command["arguments"]
    os.environ.update(command["settings"], BOTTEGA_PARENT=str(os.getppid()))


if __name__ == "__main__":
    _main()
