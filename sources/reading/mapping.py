"""The file of --mapping: which column of a table is which column of the schema, and what its values mean.

::

    table: patients.csv            # below LOCATION; the only table there where it is not given
    columns:                       # column of the schema: column of the table; `file` is the path of the picture
      source_image_id: img
      file: img
      patient_id: person
      diagnosis_path: dx
    values:                        # per column: what the table says: what the schema says
      diagnosis_path: {mel: "Melanoma, NOS", nv: Nevus}
    missing:                       # per column: what stands for nothing
      age_years: ["-1"]
    constants: {image_type: dermoscopic, licence: CC-BY-4.0, attribution: Our clinic}
    lesion_ids: within_patient     # lesions are numbered inside a patient; `unique` where they are not
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

import yaml

from schemas.errors import DataFault
from sources.reading.strict_yaml import compose, entries, items, place, text, texts

__all__ = ["TableMapping", "read_mapping"]

_KEYS = ("table", "encoding", "delimiter", "columns", "values", "missing", "constants", "lesion_ids")
_LESION_IDS = ("unique", "within_patient")


@dataclass(frozen=True, slots=True)
class TableMapping:
    """How a table is read; the empty mapping reads columns of the schema under their own names.

    Parameters
    ----------
    table : str or None
        Path of the table below the location.
    encoding, delimiter : str or None
        Where they are known.
    columns : mapping of str to str
        Column of the schema to column of the table; empty where the names are the same.
    values : mapping of str to mapping
        Column of the schema to what its cells mean.
    missing : mapping of str to frozenset of str
        Column of the schema to cells that say nothing.
    constants : mapping of str to str
        Column of the schema to the value of all rows.
    lesion_ids : {"unique", "within_patient"}
        Whether a lesion id says anything without its patient.
    """

    table: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    missing: Mapping[str, frozenset[str]] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    lesion_ids: Literal["unique", "within_patient"] = "unique"


def read_mapping(path: Path, *, known: Collection[str]) -> TableMapping:
    """Return the mapping in a file; the whole file is checked before any row is read.

    Parameters
    ----------
    path : Path
        YAML.
    known : collection of str
        Columns that may be mapped.

    Raises
    ------
    schemas.errors.DataFault
        It is no YAML, or holds a key that is not known: file, line and the nearest key are named.
    """
    said = dict(entries(compose(path), path.name, _KEYS))
    scalars = {key: text(node, path.name) for key, node in said.items() if key in {"table", "encoding", "delimiter"}}
    return TableMapping(
        **scalars,
        columns=texts(said.get("columns"), path.name, known),
        values={column: texts(node, path.name, None) for column, node in entries(said.get("values"), path.name, known)},
        missing={
            column: frozenset(items(node, path.name)) for column, node in entries(said.get("missing"), path.name, known)
        },
        constants=texts(said.get("constants"), path.name, known),
        lesion_ids=_lesion_ids(said.get("lesion_ids"), path.name),
    )


def _lesion_ids(node: yaml.Node | None, file: str) -> Literal["unique", "within_patient"]:
    said = text(node, file) if node is not None else "unique"
    if said not in _LESION_IDS:
        where = place(node, file) if node is not None else None
        raise DataFault("is neither unique nor within_patient", place=where, value=said)
    return cast("Literal['unique', 'within_patient']", said)
