"""Commands of ``harness``: one module each, which parses, calls and prints. Heavy imports stand inside the functions."""

from __future__ import annotations

from collections.abc import Callable

from harness.cli.compare import compare
from harness.cli.evaluate import evaluate
from harness.cli.report import report

COMMANDS: dict[str, Callable[..., None]] = {
    "compare": compare,
    "evaluate": evaluate,
    "report": report,
}
