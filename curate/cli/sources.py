"""``curate sources``: the catalogue of collections, or the fact sheet of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    import pyarrow as pa

    from sources.source import Source


def sources(
    name: Annotated[str | None, typer.Argument(help="Print the fact sheet of one source.")] = None,
    form: Annotated[Literal["table", "csv", "json"], typer.Option("--format", help="How to print.")] = "table",
) -> None:
    """List the collections that can be ingested, or print what is known of one.

    Example: curate sources ham10000
    """
    import sources as catalogue
    from schemas.listing import show

    if name is None:
        show(_catalogue(), form=form)
    else:
        show(_sheet(catalogue.load(name), catalogue.origin(name)), form=form, title=name)


def _catalogue() -> pa.Table:
    import pyarrow as pa

    import sources as catalogue
    from schemas.errors import UserError

    rows: list[dict[str, object]] = []
    for name in catalogue.names():
        try:
            sheet = catalogue.load(name).sheet
        except UserError as error:
            # A plugin that cannot be imported is a line of the list, not the end of it.
            rows.append({"source": name, "title": str(error), "origin": catalogue.origin(name)})
            continue
        facts: dict[str, object] = {
            "source": name,
            "title": sheet.title,
            "images": sheet.declared_images,
            "licence": sheet.licence,
        }
        rows.append({**facts, "access": sheet.access, "origin": catalogue.origin(name)})
    columns = ("source", "title", "licence", "access", "origin")
    fields = [pa.field(column, pa.string()) for column in columns]
    return pa.Table.from_pylist(rows, schema=pa.schema([*fields[:2], pa.field("images", pa.int64()), *fields[2:]]))


def _sheet(source: Source, origin: str) -> pa.Table:
    import dataclasses

    import pyarrow as pa

    from schemas.listing import cell

    facts: dict[str, object] = {"source": source.name, "adapter": f"{source.name}@{source.adapter_version}"}
    facts |= {"origin": origin, **dataclasses.asdict(source.sheet)}
    said = {name: value for name, value in facts.items() if value not in (None, "", (), {})}
    return pa.table({"fact": list(said), "value": [cell(value) for value in said.values()]})
