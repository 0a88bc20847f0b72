"""Commands of ``harness``: one module each, which parses, calls and prints. Heavy imports stand inside functions."""

from __future__ import annotations

from collections.abc import Callable

from harness.cli.check_plugin import check_plugin
from harness.cli.compare import compare
from harness.cli.evaluate import evaluate
from harness.cli.models import models
from harness.cli.report import report
from harness.cli.run import run
from harness.cli.tasks import tasks

COMMANDS: dict[str, Callable[..., None]] = {
    "check-plugin": check_plugin,
    "compare": compare,
    "evaluate": evaluate,
    "models": models,
    "report": report,
    "run": run,
    "tasks": tasks,
}
