"""``harness tasks``: what models can be asked."""

from __future__ import annotations

from typing import Annotated, Literal

import typer


def tasks(
    form: Annotated[Literal["table", "csv", "json"], typer.Option("--format", help="Of the listing.")] = "table",
) -> None:
    """List the tasks and their classes; as CSV or JSON also which diagnoses count as which, and what is left out.

    Example: harness tasks --format json
    """
    import pyarrow as pa

    from schemas.listing import show
    from schemas.tasks import TASKS

    rows = [
        {
            "task": task.name,
            "kind": task.kind,
            "classes": ", ".join(task.classes),
            "positive": task.positive,
            "negative": task.negative,
            "left out": task.excluded,
        }
        for task in TASKS
    ]
    table = pa.Table.from_pylist(rows)
    show(table.select(["task", "kind", "classes"]) if form == "table" else table, form=form)
