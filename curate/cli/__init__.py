"""Commands of ``curate``: one module each, which parses, calls and prints. Heavy imports stand inside the functions."""

from __future__ import annotations

from collections.abc import Callable

from curate.cli.check import check
from curate.cli.diff import diff
from curate.cli.findings import findings
from curate.cli.ingest import ingest
from curate.cli.log import log
from curate.cli.profile import profile
from curate.cli.review import review
from curate.cli.sources import sources
from curate.cli.split import split
from curate.cli.table import table
from curate.cli.verify import verify

COMMANDS: dict[str, Callable[..., None]] = {
    "sources": sources,
    "ingest": ingest,
    "profile": profile,
    "check": check,
    "findings": findings,
    "table": table,
    "verify": verify,
    "log": log,
    "diff": diff,
    "split": split,
    "review": review,
}
