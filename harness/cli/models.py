"""``harness models``: every model that can be named, and where it comes from."""

from __future__ import annotations

from typing import Annotated, Literal

import typer


def models(
    form: Annotated[Literal["table", "csv", "json"], typer.Option("--format", help="Of the listing.")] = "table",
) -> None:
    """List the models that `harness run --model` takes by name; nothing of a plugin is imported.

    A file or a module of your own needs no listing: --model path/to/file.py:attribute or package.module:attribute.

    Example: harness models --format json
    """
    from harness.models.catalogue import listing
    from schemas.listing import show

    show(listing(), form=form)
