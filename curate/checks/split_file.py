"""A split that somebody else made, read from a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from schemas.errors import DataFault, Fault, Place, UserError

ID_COLUMNS = ("sample_id", "image")
PART_COLUMNS = ("role", "split", "fold")


def read_split(file: Path, samples: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a split file as table ``splits`` has them.

    Parameters
    ----------
    file : Path
        CSV or TSV with ``sample_id`` or ``image`` (id in its source, with or without file ending) and one of ``role``,
        ``split``, ``fold``.
    samples : pandas.DataFrame
        Rows of the view: columns ``sample_id`` and ``source_image_id``.

    Returns
    -------
    pandas.DataFrame
        Columns ``split_name`` (name of the file), ``sample_id``, ``role``, ``fold``; images that the dataset lacks
        are left out.

    Raises
    ------
    UserError
        The file does not exist.
    DataFault
        It lacks a column, names an image twice, or names none that the dataset holds.
    """
    if not file.is_file():
        raise UserError("is no file", value=str(file), remedy="Check the path of --split.")
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines, delimiter="\t" if file.suffix.casefold() == ".tsv" else ",")
        header = reader.fieldnames or []
        id_column, part_column = _column(file, header, ID_COLUMNS), _column(file, header, PART_COLUMNS)
        rows = [(reader.line_num, row[id_column], row[part_column]) for row in reader]
    known = _known(samples)
    taken: dict[str, tuple[int, str]] = {}
    faults = []
    for line, name, part in rows:
        sample_id = known.get(name) or known.get(name.rsplit(".", 1)[0])
        if sample_id is None:
            continue
        if sample_id in taken:
            place = Place(file.name, line, id_column)
            faults.append(Fault("S01", f"stands in row {taken[sample_id][0]} too", place, name, "Keep one of the two."))
        taken.setdefault(sample_id, (line, part))
    if faults:
        raise DataFault(
            faults[0].what, place=faults[0].place, value=faults[0].value, remedy=faults[0].remedy, faults=tuple(faults)
        )
    if not taken:
        remedy = (
            "Its first column must hold the sample ids of `curate table DATASET samples`, or image ids of the source."
        )
        raise DataFault("names no image of this dataset", place=Place(file.name), value=file.name, remedy=remedy)
    return pd.DataFrame(
        [(file.stem, sample_id, part or None, None) for sample_id, (_, part) in sorted(taken.items())],
        columns=["split_name", "sample_id", "role", "fold"],
    )


def _column(file: Path, header: object, wanted: tuple[str, ...]) -> str:
    found = [name for name in wanted if isinstance(header, list | tuple) and name in header]
    if not found:
        shown = ", ".join(map(str, header)) if isinstance(header, list | tuple) else ""
        raise DataFault(
            f"has no column {' or '.join(wanted)}", place=Place(file.name, 1), value=shown, remedy="Rename the column."
        )
    return found[0]


def _known(samples: pd.DataFrame) -> Mapping[str, str]:
    """Return sample ids by every name that a file may use; one that two sources give is left to the sample id."""
    by_image = samples.drop_duplicates("source_image_id", keep=False)
    known = dict(zip(by_image["source_image_id"], by_image["sample_id"], strict=True))
    return known | {sample_id: sample_id for sample_id in samples["sample_id"]}
