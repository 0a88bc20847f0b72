"""How a command prints a table: for people, as CSV, as JSON."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import math
import sys
from pathlib import Path
from typing import Literal

import pyarrow as pa

Format = Literal["table", "csv", "json"]

# A cell that starts so is run as a formula by a spreadsheet.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# Half a line of a narrow terminal; a finding's id has 38 characters at most.
_LONGEST_KEY = 40


def plain(value: object) -> object:
    """Return a value as JSON can hold it: NaN and infinity as None, times as ISO text, maps as objects."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, list) and value and all(isinstance(item, tuple) and len(item) == 2 for item in value):
        return {str(key): plain(item) for key, item in value}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value


def cell(value: object) -> str:
    """Return a value as one CSV cell: empty for null, JSON for lists and structs, no formula at its start."""
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return str(value)


def csv_text(table: pa.Table) -> str:
    """Return a table as CSV with a header, one line per row."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.column_names)
    for batch in table.to_batches(max_chunksize=4096):
        columns = [column.to_pylist() for column in batch.columns]
        writer.writerows([cell(value) for value in row] for row in zip(*columns, strict=True))
    return out.getvalue()


def json_text(table: pa.Table) -> str:
    """Return a table as a JSON list of objects, one per row."""
    return json.dumps([plain(row) for row in table.to_pylist()], ensure_ascii=False, indent=1) + "\n"


def show(table: pa.Table, *, form: Format = "table", title: str | None = None) -> None:
    """Print a table to stdout.

    Parameters
    ----------
    table : pyarrow.Table
        Rows in the order in which they are shown.
    form : {"table", "csv", "json"}
        ``table`` is for people and fits the terminal, the other two are for programs and are complete.
    title : str, optional
        Line above a ``table``.
    """
    if form == "csv":
        sys.stdout.write(csv_text(table))
    elif form == "json":
        sys.stdout.write(json_text(table))
    else:
        _print_for_people(table, title)


def _print_for_people(table: pa.Table, title: str | None) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    shown = Table(title=escape(title) if title else None, title_justify="left", header_style="bold")
    rows = [[_short(value) for value in row.values()] for row in table.to_pylist()]
    # The key is what people copy into the next command: it stays in one piece where it is no text.
    whole_key = max((len(row[0]) for row in rows), default=0) <= _LONGEST_KEY
    for position, field in enumerate(table.schema):
        number = pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
        shown.add_column(
            escape(field.name),
            justify="right" if number else "left",
            no_wrap=position == 0 and whole_key,
            overflow="fold",
        )
    for row in rows:
        shown.add_row(*map(escape, row))
    Console().print(shown)


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) and math.isfinite(value) else cell(value)


def write(table: pa.Table, file: Path, *, form: Format = "csv") -> None:
    """Write a table to a file as `show` prints it for programs.

    Parameters
    ----------
    file : Path
        Written as UTF-8.
    form : {"table", "csv", "json"}
        ``table`` is written as CSV.
    """
    file.write_text(json_text(table) if form == "json" else csv_text(table), encoding="utf-8")
