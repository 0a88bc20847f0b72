"""Commands of ``harness``: one module each, which parses, calls and prints. Heavy imports stand inside the functions."""

from __future__ import annotations

from collections.abc import Callable

from harness.cli.report import report

COMMANDS: dict[str, Callable[..., None]] = {
    "report": report,
}
