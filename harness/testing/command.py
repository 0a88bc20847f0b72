"""The battery in a process of its own, so that a model that crashes is a failed check and not a dead command."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path

from harness.testing.battery import Check, check_model
from harness.workers import Limits, run_worker

ENTRY = "harness.testing.command:work"
_NAME, _CHECKS = "name.json", "checks.json"
SECONDS = 600.0


def check_by_name(name: str, *, threads: int = 2) -> list[Check]:
    """Run a model through the battery in a worker.

    Parameters
    ----------
    name : str
        As `harness run --model` takes it.
    threads : int
        Processor threads.
    """
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held)
        (folder / _NAME).write_text(json.dumps(name), encoding="utf-8")
        outcome = run_worker(ENTRY, folder, limits=Limits(threads, SECONDS))
        if outcome.status != "ok":
            return [Check("P01", "lives through the battery", "fail", outcome.reason)]
        return [Check(**each) for each in json.loads((folder / _CHECKS).read_text(encoding="utf-8"))]


def work(folder: Path) -> None:
    """Write ``checks.json`` for the model that ``name.json`` names; called in the worker."""
    name = json.loads((folder / _NAME).read_text(encoding="utf-8"))
    checks = [asdict(each) for each in check_model(name)]
    (folder / _CHECKS).write_text(json.dumps(checks), encoding="utf-8")
