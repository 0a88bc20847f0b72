"""Delta tables on disk: read at a version, write, restore, reclaim. The only module that knows how they are laid out.

A table is named by its key: the name of a table of the schema, or ``embeddings/FOLDER`` for the vectors of one model.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
from deltalake import (
    ColumnProperties,
    CommitProperties,
    DeltaTable,
    Transaction,
    WriterProperties,
    write_deltalake,
)
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from pyarrow import parquet

from schemas.tables import COLUMNS, conform, empty

# Rows of a Parquet row group: larger ones compress a little better, smaller ones are quicker to filter (schema.md 7).
_ROW_GROUP = {"samples": 16_384, "measures": 131_072}
_DEFAULT_ROW_GROUP = 65_536
# Every version stays readable: by default Delta deletes its own log after 30 days and one checkpoint.
_CONFIGURATION = {"delta.logRetentionDuration": "interval 36500 days"}
# Only these are searched by value, so only they have file statistics.
_SAMPLES_STATISTICS = {"delta.dataSkippingStatsColumns": "sample_id,patient_id,lesion_id"}
# High-cardinality text: a dictionary would hold every value once more.
_NO_DICTIONARY = frozenset(
    {
        "sample_id", "source_image_id", "file_sha256", "stored_sha256", "pixel_sha256", "raw", "raw_hash",
        "finding_id", "evidence_sha256", "evidence", "message", "decision_id",
    }
)  # fmt: skip
_SORT = {
    "samples": ("source", "patient_id", "lesion_id", "sample_id"),
    "measures": ("measure", "method", "method_version", "sample_id"),
    "embeddings": ("sample_id",),
    "findings": ("finding_id",),
    "decisions": ("decided_at", "decision_id"),
    "splits": ("split_name", "sample_id"),
    "sources": ("source", "version"),
    "log": ("version",),
}


def name_of(key: str) -> str:
    """Return the table of the schema that a key belongs to: ``embeddings`` for ``embeddings/FOLDER``."""
    return key.partition("/")[0]


def embeddings_key(model: str) -> str:
    """Return the key of the vectors of one model; a name that is no plain file name gets a hash behind it."""
    folder = re.sub(r"[^A-Za-z0-9._-]", "-", model).strip(".")
    if folder != model:
        folder = f"{folder}-{hashlib.sha256(model.encode()).hexdigest()[:8]}"
    return f"embeddings/{folder}"


def path_of(root: Path, key: str) -> Path:
    """Return the folder of a table."""
    return root / "tables" / key


def keys_on_disk(root: Path) -> tuple[str, ...]:
    """Return the keys of all tables of the schema that have a folder, sorted, whether it can be read or not."""
    folder = root / "tables"
    plain = [path.name for path in _folders(folder) if path.name in COLUMNS and path.name != "embeddings"]
    vectors = [f"embeddings/{path.name}" for path in _folders(folder / "embeddings")]
    return tuple(sorted(plain + vectors))


def _folders(path: Path) -> list[Path]:
    return [each for each in path.iterdir() if each.is_dir()] if path.is_dir() else []


def head(root: Path, key: str) -> int | None:
    """Return the newest Delta version of a table, named by the log or not; None where there is no table."""
    try:
        return int(DeltaTable(path_of(root, key)).version())
    except TableNotFoundError:
        return None


def read(
    root: Path, key: str, version: int, *, columns: Sequence[str] | None = None, where: str | None = None
) -> pa.Table:
    """Return a table at one Delta version, conformed to the contract, in the order of its key.

    Parameters
    ----------
    root : Path
        The dataset.
    key : str
        Which table.
    version : int
        Delta version of this table, not version of the dataset.
    columns : sequence of str, optional
        Only these, in this order.
    where : str, optional
        SQL predicate.

    Raises
    ------
    deltalake.exceptions.DeltaError, OSError
        Where a file of the table is missing or damaged.
    """
    name = name_of(key)
    table = DeltaTable(path_of(root, key), version=version)
    wanted = None if columns is None else list(dict.fromkeys([*columns, *_SORT[name]]))
    rows = pa.table(table.scan(columns=wanted, predicate=where))
    rows = _conform_subset(rows, name) if columns is not None else _without_views(conform(rows, name))
    rows = rows.sort_by([(column, "ascending") for column in _SORT[name]])
    return rows.select(list(columns)) if columns is not None else rows


def _without_views(rows: pa.Table) -> pa.Table:
    """Return rows whose text columns outside the contract are plain strings: Arrow cannot sort string views."""
    for position, field in enumerate(rows.schema):
        if pa.types.is_string_view(field.type):
            rows = rows.set_column(position, field.name, rows.column(position).cast(pa.string()))
    return rows


def _conform_subset(rows: pa.Table, name: str) -> pa.Table:
    fields = {column.name: column.field() for column in COLUMNS[name]}
    kept = [column for column in rows.column_names if column in fields]
    return pa.Table.from_arrays(
        [rows.column(column).cast(fields[column].type) for column in kept],
        schema=pa.schema([fields[column] for column in kept]),
    )


def arranged(rows: pa.Table, key: str) -> pa.Table:
    """Return rows conformed and in the order in which they are stored: rows of one patient lie side by side.

    Raises
    ------
    ValueError
        Where a required column holds a null: the caller has not filled the contract.
    """
    name = name_of(key)
    rows = conform(rows, name)
    for column in COLUMNS[name]:
        if column.required and rows.column(column.name).null_count:
            raise ValueError(f"table {name}, column {column.name}: null is not allowed")
    return rows.sort_by([(column, "ascending") for column in _SORT[name]])


def write(root: Path, key: str, rows: pa.Table, *, where: str | None = None, append: bool = False) -> int:
    """Write arranged rows as one commit and return the Delta version that it made; a missing table is created.

    Parameters
    ----------
    where : str, optional
        Replace only the rows that fit this predicate; without it, and without `append`, the whole table.
    append : bool
        Add the rows to what is there.
    """
    path = path_of(root, key)
    name = name_of(key)
    if head(root, key) is None:
        _create(path, name)
    rows = _with_columns_of(rows, path)
    if append:
        write_deltalake(path, rows, mode="append", writer_properties=_properties(name))
    else:
        write_deltalake(path, rows, mode="overwrite", predicate=where, writer_properties=_properties(name))
    return int(DeltaTable(path).version())


def _with_columns_of(rows: pa.Table, path: Path) -> pa.Table:
    """Return rows with nulls in the columns that a later program of the same schema version has added to the table."""
    for field in pa.schema(DeltaTable(path).schema()):
        if field.name not in rows.column_names:
            rows = rows.append_column(field.name, pa.nulls(rows.num_rows, field.type))
    return rows


def append_once(root: Path, key: str, rows: pa.Table, *, application: str, number: int) -> bool:
    """Append rows as an application transaction and return whether this writer was the first with that number.

    Numbers rise: a number that is not above the last one is refused, and of two writers at the same moment one fails.
    """
    path = path_of(root, key)
    if head(root, key) is None:
        _create(path, name_of(key))
    table = DeltaTable(path)
    last = table.transaction_version(application)
    if last is not None and last >= number:
        return False
    transaction = CommitProperties(app_transactions=[Transaction(application, number)], max_commit_retries=0)
    try:
        # Written through the table that was looked at: whatever is committed in between is a conflict.
        properties = _properties(name_of(key))
        write_deltalake(table, rows, mode="append", writer_properties=properties, commit_properties=transaction)
    except CommitFailedError:
        return False
    return True


def _create(path: Path, name: str) -> None:
    path.mkdir(parents=True, exist_ok=True)
    DeltaTable.create(
        path,
        schema=empty(name).schema,
        # A dictionary-encoded partition column cannot be read back; the contract has plain strings only.
        partition_by=["source"] if name == "samples" else None,
        configuration=_CONFIGURATION | (_SAMPLES_STATISTICS if name == "samples" else {}),
    )


def _properties(name: str) -> WriterProperties:
    names = {column.name for column in COLUMNS[name]} & _NO_DICTIONARY
    return WriterProperties(
        compression="ZSTD",
        compression_level=3,
        max_row_group_size=_ROW_GROUP.get(name, _DEFAULT_ROW_GROUP),
        column_properties={column: ColumnProperties(dictionary_enabled=False) for column in sorted(names)},
    )


def restore(root: Path, key: str, version: int) -> int:
    """Make a table what it was at a version, as a new commit where it is not so already; return its head.

    An append goes onto the head of a table: what a killed run left must be taken back before anything is written.
    """
    table = DeltaTable(path_of(root, key))
    if table.version() != version:
        table.restore(version)
        return int(DeltaTable(path_of(root, key)).version())
    return version


def remove(root: Path, key: str) -> None:
    """Remove a table that no version of the dataset names: a killed run had created it."""
    shutil.rmtree(path_of(root, key))


def dead_files(root: Path, key: str, versions: Iterable[int]) -> tuple[str, ...]:
    """Return the data files that none of the given Delta versions uses, as paths inside the table."""
    # What was deleted already stays listed as long as the log of the table names it.
    listed = _vacuum(root, key, versions, dry_run=True)
    return tuple(name for name in listed if (path_of(root, key) / name).is_file())


def reclaim(root: Path, key: str, versions: Iterable[int]) -> int:
    """Delete the data files that none of the given Delta versions uses; return the head, which that moves on."""
    _vacuum(root, key, versions, dry_run=False)
    return int(DeltaTable(path_of(root, key)).version())


def _vacuum(root: Path, key: str, versions: Iterable[int], *, dry_run: bool) -> list[str]:
    return DeltaTable(path_of(root, key)).vacuum(
        retention_hours=0,
        enforce_retention_duration=False,
        dry_run=dry_run,
        # Without it the files of a killed writer are not found.
        full=True,
        keep_versions=sorted(set(versions)),
    )


def every_value(root: Path, key: str, versions: Iterable[int], *, columns: Sequence[str]) -> set[tuple[object, ...]]:
    """Return the distinct values of some columns over all given Delta versions; each data file is read once."""
    path = path_of(root, key)
    files = {uri for version in versions for uri in DeltaTable(path, version=version).file_uris()}
    values: set[tuple[object, ...]] = set()
    for file in sorted(files):
        rows = parquet.read_table(file, columns=list(columns), partitioning=None)
        values.update(zip(*(rows.column(column).to_pylist() for column in columns), strict=True))
    return values


def why_unreadable(root: Path, key: str, version: int) -> str | None:
    """Return why a table cannot be opened at a version, None where it can and all its files are there."""
    try:
        table = DeltaTable(path_of(root, key), version=version)
        missing = [uri for uri in table.file_uris() if not Path(uri).is_file()]
    except DeltaError as error:
        return str(error)
    return f"file {Path(missing[0]).name} is missing" if missing else None
