"""``harness report``: write the report of a run again, from the run folder alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder that `harness run --out` has written.")],
) -> None:
    """Write report.html, report.md and figures/ of a finished run again.

    Example: harness report demo/run
    """
    from harness.report.page import write_report

    print(write_report(run))
