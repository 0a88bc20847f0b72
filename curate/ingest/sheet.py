"""One row of table ``sources`` per ingest: the fact sheet of the source and the figures of this ingest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from schemas import derived, vocabulary
from schemas.tables import from_rows
from sources.source import FactSheet, Source

__all__ = ["sheet_row", "table_files"]

_COPIED = (
    "version", "title", "language", "url", "doi", "citation", "licence", "licence_url", "attribution", "access",
    "consent", "ethics", "collection_process", "annotation_process", "annotator_count", "label_basis", "population",
    "biases", "limitations", "declared_images", "declared_lesions", "declared_patients",
)  # fmt: skip


def sheet_row(
    source: Source, *, run_id: str, figures: dict[str, int], files: list[dict[str, object]], refused: Iterable[str]
) -> pa.Table:
    """Return the row of table ``sources``.

    Parameters
    ----------
    source : Source
        What was ingested.
    run_id : str
        The run.
    figures : dict
        ``rows_read``, ``rows_written``, ``rows_unmapped``, ``images_missing``.
    files : list of dict
        Tables and archives that were read, as `table_files` returns them.
    refused : iterable of str
        Names of columns that were left out, beside those of the fact sheet.
    """
    sheet = source.sheet
    redistribute, commercial = derived.rights(sheet.licence, sheet.redistribute, sheet.commercial)
    row: dict[str, object] = {
        **{name: getattr(sheet, name) for name in _COPIED},
        **figures,
        "source": source.name,
        "adapter": f"{source.name}@{source.adapter_version}",
        "countries": list(sheet.countries),
        "redistribute": redistribute,
        "commercial": commercial,
        "share_alike": vocabulary.licence(sheet.licence).share_alike,
        "known_problems": list(sheet.known_problems),
        "overlaps": _overlaps(sheet),
        "id_issuers": list(sheet.id_issuers.items()),
        "files": files,
        "refused_columns": sorted({*sheet.refused_columns, *refused}),
        "label_leak_columns": list(sheet.label_leak_columns),
        "run_id": run_id,
    }
    return from_rows("sources", [row])


def _overlaps(sheet: FactSheet) -> list[dict[str, object]]:
    return [{"source": each.source, "evidence": each.evidence, "rows": each.rows} for each in sheet.overlaps]


def table_files(location: str | None, names: Iterable[str]) -> list[dict[str, object]]:
    """Return name, size and hash of the files that rows were read from.

    Parameters
    ----------
    location : str, optional
        As the user gave it; an archive or a table counts as a whole.
    names : iterable of str
        Tables below it, as the places of the rows name them.
    """
    if location is None:
        return []
    root = Path(location)
    paths = {root.name: root} if root.is_file() else {name: root / name for name in sorted(set(names))}
    return [
        {"name": name, "url": None, "sha256": _sha256(path), "bytes": path.stat().st_size, "fetched_at": None}
        for name, path in paths.items()
        if path.is_file()
    ]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
