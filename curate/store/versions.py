"""Versions of a dataset: one row of table ``log`` each, which names the Delta version of every table.

The row is written last: a version exists when its row is committed. A killed run leaves table commits that no row
names: readers do not see them, and a writer takes them back before it writes.
"""

from __future__ import annotations

import datetime as dt
import getpass
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

import pyarrow as pa
from deltalake.exceptions import DeltaError

from curate.store import tables
from schemas import __version__, vocabulary
from schemas.errors import DatasetConflict
from schemas.tables import SCHEMA_MINOR, SCHEMA_VERSION, empty, from_rows

_APPLICATION = "dermacurate"
_SECRET = re.compile(r"token|secret|password|passwd|credential|api_?key|auth", re.IGNORECASE)
_URL_SECRETS = re.compile(r"(?<=://)[^/\s@]*@|\?\S*")


@dataclass(frozen=True, slots=True)
class Version:
    """What one row of the log says about the tables.

    Parameters
    ----------
    number : int
        Version of the dataset, 1 for the first; 0 before anything was written.
    tables : mapping of str to int
        Key of each table to its Delta version.
    """

    number: int
    tables: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Change:
    """What a command has done, as its log row will say.

    Parameters
    ----------
    run_id : str
        The run.
    command : str
        Name of the command.
    arguments : mapping
        What the command was given; secrets are taken out.
    message : str
        The sentence that `curate log` prints.
    rows_added, rows_changed, rows_withdrawn : int
        Rows of the table that the command is about.
    """

    run_id: str
    command: str
    arguments: Mapping[str, object]
    message: str
    rows_added: int = 0
    rows_changed: int = 0
    rows_withdrawn: int = 0


def new_run_id() -> str:
    """Return an id that sorts by time and occurs once."""
    return f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"


def log(root: Path) -> pa.Table:
    """Return all rows of the log in the order of their versions; none where nothing was committed yet.

    Raises
    ------
    DatasetConflict
        The log cannot be read.
    """
    try:
        version = tables.head(root, "log")
        return empty("log") if version is None else tables.read(root, "log", version)
    except (DeltaError, OSError, pa.ArrowInvalid) as error:
        raise DatasetConflict(
            f"the version list cannot be read ({_first_line(error)})",
            value=str(tables.path_of(root, "log")),
            remedy="Restore the folder from a copy.",
        ) from error


def versions(log_rows: pa.Table) -> tuple[Version, ...]:
    """Return the versions that log rows describe, oldest first."""
    rows = log_rows.select(["version", "tables"]).to_pylist(maps_as_pydicts="strict")
    return tuple(Version(row["version"], row["tables"]) for row in rows)


def find(root: Path, at: int | None = None) -> Version:
    """Return the newest version, or the one that is asked for; version 0 is the dataset before anything was written.

    Raises
    ------
    DatasetConflict
        There is no such version, or the log cannot be read.
    """
    known = (Version(0, {}), *versions(log(root)))
    if at is None:
        return known[-1]
    for version in known:
        if version.number == at:
            return version
    has = f"It has versions 0 (empty) to {known[-1].number}."
    raise DatasetConflict(f"{root} has no version {at}", remedy=has)


def read(
    root: Path, version: Version, key: str, *, columns: Sequence[str] | None = None, where: str | None = None
) -> pa.Table:
    """Return a table, or the columns and rows that are asked for, at a version; empty where it has no such table.

    Raises
    ------
    DatasetConflict
        The log names a state of the table that cannot be read (L01).
    """
    if key not in version.tables:
        rows = empty(tables.name_of(key))
        return rows if columns is None else rows.select(list(columns))
    try:
        return tables.read(root, key, version.tables[key], columns=columns, where=where)
    except (DeltaError, OSError, pa.ArrowInvalid) as error:
        raise unreadable(version, key, _first_line(error)) from error


def unreadable(version: Version, key: str, why: str) -> DatasetConflict:
    """Return the error of rule L01."""
    return DatasetConflict(
        f"Version {version.number} names {key}@{version.tables[key]}, which cannot be read ({why})",
        remedy="Restore the folder from a copy, or read an older state with `--at`.",
    )


def restore_heads(root: Path, version: Version) -> None:
    """Take back every commit that the version does not name, so that the next append stands on the version alone."""
    for key in tables.keys_on_disk(root):
        if key == "log":
            continue
        if key not in version.tables:
            tables.remove(root, key)
            continue
        try:
            tables.restore(root, key, version.tables[key])
        except DeltaError as error:
            raise unreadable(version, key, _first_line(error)) from error


def commit(root: Path, parent: Version, table_versions: Mapping[str, int], change: Change) -> Version:
    """Make the next version: write its log row, as a transaction that only one writer can make.

    Raises
    ------
    DatasetConflict
        Another writer has made this version.
    """
    version = Version(parent.number + 1, dict(sorted(table_versions.items())))
    row = {
        "version": version.number,
        "run_id": change.run_id,
        "created_at": dt.datetime.now(dt.UTC),
        "command": change.command,
        "arguments": json.dumps(_without_secrets(change.arguments), ensure_ascii=False, sort_keys=True, default=str),
        "tool_version": __version__,
        "schema_version": SCHEMA_VERSION,
        "schema_minor": SCHEMA_MINOR,
        "vocab_version": vocabulary.version(),
        "user": _user(),
        "tables": list(version.tables.items()),
        "rows_added": change.rows_added,
        "rows_changed": change.rows_changed,
        "rows_withdrawn": change.rows_withdrawn,
        "message": change.message,
        "parent": parent.number or None,
    }
    rows = from_rows("log", [row])
    if not tables.append_once(root, "log", rows, application=_APPLICATION, number=version.number):
        raise DatasetConflict(
            f"another command has written version {version.number} of {root} meanwhile",
            remedy="Nothing of this run is kept. Run the command again.",
        )
    return version


def _without_secrets(arguments: Mapping[str, object]) -> dict[str, object]:
    return {
        name: "***" if _SECRET.search(name) else _URL_SECRETS.sub("", value) if _is_url(value) else value
        for name, value in arguments.items()
    }


def _is_url(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and "://" in value


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container may run under a number that has no name.
        return None


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
