"""Whatever happens to a worker is an outcome with a reason, and ends no other process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.workers import Limits, read_events, run_worker

ENTRIES = textwrap.dedent(
    """
    import os, signal, sys, time
    from harness.workers import InvalidOutput, report_to
    from schemas.errors import UserError

    def fine(folder): (folder / "result").write_text(os.environ["OMP_NUM_THREADS"])
    def raises(folder): raise ValueError("the tenth image\\nmore")
    def misuses(folder): raise UserError("is no weight", value="x.pth", remedy="Name another.")
    def returns_wrong(folder): raise InvalidOutput("shape (3, 1)")
    def exits(folder): os._exit(7)
    def exits_quietly(folder): os._exit(0)
    def leaves(folder): sys.exit(0)
    def is_killed(folder): os.kill(os.getpid(), signal.SIGKILL)
    def sleeps(folder): time.sleep(600)
    def ignores_the_end(folder): signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)
    def eats(folder):
        held = []
        while True: held.append(bytearray(50_000_000)); time.sleep(0.02)
    def talks(folder):
        report = report_to(folder)
        for epoch in range(3): report(epoch * 10, epoch=epoch, loss=1 / (1 + epoch))
    def waits(folder):
        (folder / "pid").write_text(str(os.getpid()))
        time.sleep(600)
    """
)


@pytest.fixture(autouse=True)
def entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "entries_of_a_test.py").write_text(ENTRIES, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def outcome(tmp_path: Path, name: str, **limits: float) -> tuple[str, str]:
    found = run_worker(f"entries_of_a_test:{name}", tmp_path, limits=Limits(**limits))  # type: ignore[arg-type]
    return found.status, found.reason


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("fine", "ok", ""),
        ("raises", "failed", "ValueError: the tenth image"),
        ("misuses", "failed", "'x.pth' is no weight. Name another."),
        ("returns_wrong", "invalid_output", "shape (3, 1)."),
        ("exits", "failed", "the process ended itself with code 7 before it was done"),
        ("exits_quietly", "failed", "the process ended itself with code 0 before it was done"),
        ("leaves", "failed", "SystemExit: 0"),
        ("is_killed", "failed", "the process was ended by SIGKILL; the machine may have run out of memory"),
    ],
)
def test_every_end_is_named(tmp_path: Path, name: str, status: str, reason: str) -> None:
    assert outcome(tmp_path, name) == (status, reason)


def test_a_traceback_is_kept_as_detail_and_in_the_log(tmp_path: Path) -> None:
    found = run_worker("entries_of_a_test:raises", tmp_path, limits=Limits())
    assert 'raise ValueError("the tenth image' in found.detail
    assert "ValueError: the tenth image" in (tmp_path / "worker.log").read_text(encoding="utf-8")


def test_the_number_of_threads_reaches_the_worker(tmp_path: Path) -> None:
    assert outcome(tmp_path, "fine", threads=3) == ("ok", "")
    assert (tmp_path / "result").read_text(encoding="utf-8") == "3"


def test_a_hanging_worker_is_ended_when_its_time_is_over(tmp_path: Path) -> None:
    started = time.monotonic()
    assert outcome(tmp_path, "sleeps", seconds=1.0) == ("timeout", "not done after 1 s")
    assert time.monotonic() - started < 20


@pytest.mark.slow
def test_a_worker_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    assert outcome(tmp_path, "ignores_the_end", seconds=2.0)[0] == "timeout"


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the system does not tell how much memory is used")
def test_a_hungry_worker_is_ended_and_the_limit_named(tmp_path: Path) -> None:
    status, reason = outcome(tmp_path, "eats", memory_bytes=400_000_000, seconds=60)
    assert status == "failed"
    assert reason.endswith("GiB of memory, 0.4 GiB were allowed")


def test_events_arrive_once_each_and_stay(tmp_path: Path) -> None:
    seen: list[Mapping[str, object]] = []
    for _ in range(2):
        run_worker("entries_of_a_test:talks", tmp_path, limits=Limits(), on_event=seen.append)
    assert [event["epoch"] for event in seen] == [0, 1, 2, 0, 1, 2]
    assert read_events(tmp_path)[:3] == seen[:3]


def test_a_worker_ends_when_the_process_that_started_it_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from harness.workers import run_worker, Limits;"
        f"run_worker('entries_of_a_test:waits', pathlib.Path({str(tmp_path)!r}), limits=Limits())"
    )
    parent = subprocess.Popen([sys.executable, "-c", program])
    deadline = time.monotonic() + 60
    while not (tmp_path / "pid").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    parent.kill()
    parent.wait()
    worker = int((tmp_path / "pid").read_text(encoding="utf-8"))
    while _lives(worker) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not _lives(worker)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIG_DFL)
    except ProcessLookupError:
        return False
    # A zombie has ended; nobody may be there to take note of it.
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
