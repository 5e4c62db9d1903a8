"""The nursery as a program: imports the roles once, reads one JSON command a line, answers one JSON line, forks.

It ends, and its children with it, when its input does.
"""

import json
import os
import signal
import sys
from contextlib import suppress
from typing import Any

from bottega.entrypoints import web, worker
from bottega.infra import fault_points


def _main() -> None:
    roles = {"worker": worker.main, "web": web.main}
    ended: dict[int, int] = {}
    alive: set[int] = set()
    for line in sys.stdin:
        command = json.loads(line)
        answer: int | None
        if command["command"] == "start":
            answer = os.fork()
            if answer == 0:
                _become(command)
                fault_points.arm(os.environ.get(fault_points.VARIABLE, ""))
                with suppress(SystemExit):
                    roles[command["role"]]()
                os._exit(0)
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


def _become(command: dict[str, Any]) -> None:
    """What a fresh process would have: its own input, output, environment and parent."""
    log = os.open(command["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.update(command["settings"], BOTTEGA_PARENT=str(os.getppid()))


if __name__ == "__main__":
    _main()
