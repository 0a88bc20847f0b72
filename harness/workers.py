"""One process per model: started with a folder, it leaves its results there, and whatever happens to it is an outcome.

A crash, a hang, an exit or a hunger for memory ends this process and no other. This guards against accidents, not
against hostile code.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import FileLock

from schemas.errors import UserError

Status = Literal["ok", "failed", "timeout", "invalid_output", "interrupted"]

EVENTS, FAILURE, DONE, LOG, TURN = "events.jsonl", "failure.json", "done.json", "worker.log", ".turn"
LOG_LINES_KEPT = 200
_SECONDS_TO_END = 10.0
_POLL_SECONDS = 0.1
# Not ``-m``: this module would be there twice, with two classes of the same error.
_PROGRAM = (
    "import sys, pathlib; from harness.workers import main; sys.exit(main(sys.argv[1], pathlib.Path(sys.argv[2])))"
)


class InvalidOutput(UserError):  # noqa: N818 - a kind of outcome
    """What a model returned is not what the protocol asks for."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a worker ended.

    Parameters
    ----------
    status : {"ok", "failed", "timeout", "invalid_output", "interrupted"}
        Only ``ok`` has results.
    reason : str
        One line for people; empty where all went well.
    detail : str
        Traceback, or the last lines of the log.
    seconds : float
        Wall time.
    """

    status: Status
    reason: str = ""
    detail: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker may use.

    Parameters
    ----------
    threads : int
        Processor threads of every numerical library. Their number changes the bits of a training, so it is fixed.
    seconds : float, optional
        Wall time after which the process is ended.
    memory_bytes : int, optional
        Resident memory above which it is ended.
    """

    threads: int = 2
    seconds: float | None = None
    memory_bytes: int | None = None

    def environment(self) -> dict[str, str]:
        """Return the environment of the worker."""
        names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
        fixed = dict.fromkeys(names, str(self.threads))
        # Threads that wait for each other sleep instead of spinning: on a busy machine four times as fast, on an idle
        # one no slower. The workspace is what cuBLAS needs for equal bits. Hash order must not differ between runs.
        fixed |= {"OMP_WAIT_POLICY": "PASSIVE", "CUBLAS_WORKSPACE_CONFIG": ":4096:8", "PYTHONHASHSEED": "0"}
        return {**os.environ, **fixed, "PYTHONUNBUFFERED": "1"}


def run_worker(
    entry: str,
    folder: Path,
    *,
    limits: Limits,
    on_event: Callable[[Mapping[str, object]], None] | None = None,
) -> Outcome:
    """Run a function on a folder in a process of its own and return how it ended.

    Parameters
    ----------
    entry : str
        ``module:function``; it is called with the folder and is done when it returns.
    folder : Path
        Holds what the function needs, and afterwards what it made.
    limits : Limits
        Threads, time, memory.
    on_event : callable, optional
        Called with every event that the worker reports.
    """
    for name in (FAILURE, DONE):
        (folder / name).unlink(missing_ok=True)
    started = time.monotonic()
    events = _Tail(folder / EVENTS)
    with (folder / LOG).open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM, entry, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=limits.environment(),
            start_new_session=True,
        )
    try:
        stopped = _watch(process, limits, started, lambda: events.pass_on(on_event))
    finally:
        _end(process)
    events.pass_on(on_event)
    outcome = stopped or _outcome(folder, process.returncode)
    return Outcome(outcome.status, outcome.reason, outcome.detail, time.monotonic() - started)


def _watch(
    process: subprocess.Popen[bytes], limits: Limits, started: float, look: Callable[[], None]
) -> Outcome | None:
    """Wait for the end; return an outcome where a limit was passed."""
    while process.poll() is None:
        look()
        if limits.seconds is not None and time.monotonic() - started > limits.seconds:
            return Outcome("timeout", f"not done after {limits.seconds:.0f} s")
        used = _resident_bytes(process.pid)
        if limits.memory_bytes is not None and used > limits.memory_bytes:
            allowed = limits.memory_bytes / 2**30
            return Outcome("failed", f"used {used / 2**30:.1f} GiB of memory, {allowed:.1f} GiB were allowed")
        time.sleep(_POLL_SECONDS)
    return None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process that is still there: asked first, then killed."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _outcome(folder: Path, code: int) -> Outcome:
    if (folder / FAILURE).exists():
        said = json.loads((folder / FAILURE).read_text(encoding="utf-8"))
        return Outcome(said["status"], said["reason"], said["detail"])
    if (folder / DONE).exists() and code == 0:
        return Outcome("ok")
    if code < 0:
        name = signal.Signals(-code).name
        hint = "; the machine may have run out of memory" if name == "SIGKILL" else ""
        return Outcome("failed", f"the process was ended by {name}{hint}", _last_lines(folder / LOG))
    return Outcome("failed", f"the process ended itself with code {code} before it was done", _last_lines(folder / LOG))


def _last_lines(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES_KEPT:])


def _resident_bytes(pid: int) -> int:
    """Return the memory that a process holds; 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


class _Tail:
    """Reads the events that a worker appends, each once; what an earlier run left is skipped."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.read_to = file.stat().st_size if file.exists() else 0

    def pass_on(self, on_event: Callable[[Mapping[str, object]], None] | None) -> None:
        if on_event is None or not self.file.exists():
            return
        with self.file.open("rb") as handle:
            handle.seek(self.read_to)
            for line in handle:
                if not line.endswith(b"\n"):
                    break  # still being written
                self.read_to += len(line)
                on_event(json.loads(line))


def read_events(folder: Path) -> list[dict[str, object]]:
    """Return everything a worker and its predecessors in the same folder reported, oldest first."""
    file = folder / EVENTS
    lines = file.read_text(encoding="utf-8").split("\n")[:-1] if file.exists() else []
    return [json.loads(line) for line in lines]


def report_to(folder: Path) -> Callable[..., None]:
    """Return the function ``report(step, **numbers)`` that appends one event to the folder's file."""

    def report(step: int, **numbers: float) -> None:
        line = json.dumps({"step": int(step), **{name: float(value) for name, value in numbers.items()}})
        with (folder / EVENTS).open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    return report


# --- inside the worker -----------------------------------------------------------------------------------------------


def main(entry: str, folder: Path) -> int:
    """Run the function of a worker and return the exit code of its process.

    Parameters
    ----------
    entry : str
        ``module:function``.
    folder : Path
        What the function is called with.
    """
    _end_with_parent()
    # Where a parent was killed, its worker lives on for a second: two must not write into one folder.
    turn = FileLock(folder / TURN)
    turn.acquire()
    module, _, name = entry.partition(":")
    try:
        getattr(importlib.import_module(module), name)(folder)
    except InvalidOutput as error:
        return _fail(folder, "invalid_output", str(error))
    except UserError as error:
        return _fail(folder, "failed", str(error))
    except MemoryError:
        return _fail(folder, "failed", "ran out of memory")
    except BaseException as error:  # noqa: BLE001 - a plugin may raise anything, SystemExit included: it becomes an outcome
        return _fail(folder, "failed", f"{type(error).__name__}: {error}".split("\n", maxsplit=1)[0])
    _write(folder / DONE, {})
    return 0


def _fail(folder: Path, status: Status, reason: str) -> int:
    traceback.print_exc()
    _write(folder / FAILURE, {"status": status, "reason": reason, "detail": traceback.format_exc()})
    return 1


def _write(file: Path, content: Mapping[str, object]) -> None:
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(content), encoding="utf-8")
    fresh.replace(file)


def _end_with_parent() -> None:
    """End this process when the one that started it is gone: nobody would read its results."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
