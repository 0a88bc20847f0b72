"""Commands of ``curate``: one module each, which parses, calls and prints. Heavy imports stand inside the functions."""

from __future__ import annotations

from collections.abc import Callable

from curate.cli.diff import diff
from curate.cli.log import log
from curate.cli.split import split
from curate.cli.table import table
from curate.cli.verify import verify

COMMANDS: dict[str, Callable[..., None]] = {
    "table": table,
    "verify": verify,
    "log": log,
    "diff": diff,
    "split": split,
}
