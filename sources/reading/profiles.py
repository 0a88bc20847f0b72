"""What a profile says of an unknown table; ``sources.profile`` reads it from its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["FORMATS", "MEANINGS", "Column", "DiagnosisColumn", "Ids", "ImageColumn", "Profile"]

FORMATS = ("ru_table/1", "ru_folders/1")
MEANINGS = (
    "sex", "age", "birth_year", "birth_date", "visit_date", "phototype", "site", "laterality", "diagnosis", "histology",
    "icd10", "icdo3", "confirmation", "image_type", "size", "breslow", "device",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """Where one meaning stands.

    Parameters
    ----------
    names : tuple of str
        Names of the column; the first that a sheet has is read.
    pattern : str or None
        Regular expression whose first group is the value.
    lookup : str or None
        Sheet whose first column holds the codes of this one and whose second column says what they mean.
    unit : {"mm", "cm"} or None
        Of a length; None where the cells or the name of the column say it.
    """

    names: tuple[str, ...]
    pattern: str | None = None
    lookup: str | None = None
    unit: Literal["mm", "cm"] | None = None


@dataclass(frozen=True, slots=True)
class DiagnosisColumn:
    """A column of diagnoses.

    Parameters
    ----------
    column : Column
    rank : int
        1 is the one that counts first; a final diagnosis stands before the code, a preliminary one behind it.
    certainty : {"definite", "suspected"}
        ``suspected`` for a preliminary diagnosis.
    confirm : str or None
        How the diagnoses of this column are confirmed, as the table would say it: «консилиум».
    """

    column: Column
    rank: int = 1
    certainty: Literal["definite", "suspected"] = "definite"
    confirm: str | None = None


@dataclass(frozen=True, slots=True)
class ImageColumn:
    """A column of pictures; a row is one sample for each picture that it names.

    Parameters
    ----------
    names : tuple of str
        Names of the column; the first that a sheet has is read.
    type : str or None
        What its pictures are: a code of list ``image_type`` or a Russian word for one.
    split : str or None
        What stands between several names in one cell; found out where it is not given.
    """

    names: tuple[str, ...]
    type: str | None = None
    split: str | None = None


@dataclass(frozen=True, slots=True)
class Ids:
    """Which columns say who and what.

    Parameters
    ----------
    patient : tuple of str
        Names of the column, as in `Column`.
    join : tuple of str
        Columns that tell apart two patients of one name.
    lesion : tuple of str
    within_patient : bool
        Whether a lesion id says nothing without its patient.
    """

    patient: tuple[str, ...] = ()
    join: tuple[str, ...] = ()
    lesion: tuple[str, ...] = ()
    within_patient: bool = True


@dataclass(frozen=True, slots=True)
class Profile:
    """How a table is read; the head of ``sources.profile`` shows each part."""

    name: str = "profile"
    format: str = FORMATS[0]
    files: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheets: tuple[str, ...] = ()
    header_rows: tuple[int, ...] = ()
    header_names: tuple[str, ...] = ()
    skip_rows_with: tuple[str, ...] = ()
    collection: str | None = None
    ids: Ids = field(default_factory=Ids)
    columns: Mapping[str, Column] = field(default_factory=dict)
    diagnoses: tuple[DiagnosisColumn, ...] = ()
    images: tuple[ImageColumn, ...] = ()
    image_folder: str | None = None
    image_types: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    missing: Mapping[str, frozenset[str]] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    keep_text: bool = False

    def named(self) -> tuple[tuple[str, ...], ...]:
        """Return the columns that the profile speaks of, each with its alternative names."""
        every = [column.names for column in self.columns.values()]
        every += [each.column.names for each in self.diagnoses]
        every += [each.names for each in self.images]
        every += [self.ids.patient, self.ids.lesion, *((name,) for name in self.ids.join)]
        return tuple(dict.fromkeys(names for names in every if names))
