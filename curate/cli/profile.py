"""``curate profile``: draft the profile of a table that nobody has described yet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def profile(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The table, or the folder or archive that holds it.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="File of the profile; it is printed where not given.")
    ] = None,
) -> None:
    """Draft the profile of an unknown Russian table: what each of its columns seems to mean, for you to correct.

    Example: curate profile zhurnal.csv --out zhurnal.yaml
    """
    from schemas.errors import UserError
    from sources.profile import draft

    if out is not None and out.exists():
        raise UserError(
            "is there already", value=str(out), remedy="Name another file: a corrected profile is not lost."
        )
    drafted = draft(file)
    if out is None:
        typer.echo(drafted, nl=False)
        return
    try:
        out.write_text(drafted, encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror}", value=str(out)) from error
    typer.echo(f"Correct {out}, then: curate ingest ru_table {file} --profile {out} --into DATASET --dry-run")
