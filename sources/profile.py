r"""The profile of an unknown table: what its columns mean, written by ``curate profile`` and corrected by a person.

::

    format: ru_table/1
    files: zhurnal*.csv           # below LOCATION; the only table there where it is not given
    encoding: cp1251              # found out where it is not given; so is the delimiter
    sheets: [Лист1, "20*"]        # names or patterns; all sheets that hold the columns where it is not given
    header_row: 3                 # or header_rows: [5, 6]; found by the names below where it is not given
    skip_rows_with: [Итого]       # rows that begin so are no records
    collection: klinika7          # keeps codes of patients and pictures apart from those of other clinics
    ids:
      patient: {column: Больной, join: [Род.]}
      lesion: {column: Очаг №, within_patient: true}
    columns:                      # meaning: column of the table, or a list of names it has in other sheets
      sex: М/Ж
      age: {column: "Ф.И.О., возраст", pattern: '(\\d+)\\s*л'}
      site: {column: Зона (код), lookup: Коды зон}
      size: {column: Размер, unit: cm}
      diagnosis:
        - {column: Заключение, rank: 1, confirm: консилиум}
        - {column: Предв. диагноз, rank: 2, certainty: suspected}
    images:
      - {column: Фото (макро), type: "clinical: close-up"}
    image_types: {"*_d.jpg": dermoscopic}
    constants: {visit_date: 2021-06-30, licence: unknown-licence}
    values:                       # what the built-in vocabulary does not know: text in the cell: text it knows
      diagnosis: {"узл.": ""}
    missing: {age: ["0"]}
    drop: [Комментарий врача]
    keep_text: false

Columns with personal data are left out without being named; names and numbers of patients become keyed hashes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, cast

import yaml

from schemas.errors import DataFault, Place
from sources.reading import strict_yaml as strict
from sources.reading.drafting import draft
from sources.reading.profiles import FORMATS, MEANINGS, Column, DiagnosisColumn, Ids, ImageColumn, Profile

__all__ = ["Profile", "draft", "read_profile"]

_KEYS = (
    "format", "files", "encoding", "delimiter", "sheets", "header_row", "header_rows", "header", "skip_rows_with",
    "collection", "ids", "columns", "images", "image_folder", "image_types", "constants", "values", "missing", "drop",
    "keep_text",
)  # fmt: skip
_CONSTANTS = (
    "visit_date", "image_type", "licence", "attribution", "device", "sex", "site", "phototype", "confirmation",
    "diagnosis",
)  # fmt: skip
_COLUMN_KEYS = ("column", "pattern", "lookup", "unit")
_UNITS = ("mm", "cm")
_CERTAINTIES = ("definite", "suspected")


def read_profile(path: Path) -> Profile:
    """Return the profile in a file; the whole file is checked before any table is opened.

    Raises
    ------
    schemas.errors.UserError
        It cannot be read.
    schemas.errors.DataFault
        It is no YAML, or says something that a profile does not: file, line and the nearest key are named.
    """
    return _Reading(path.name).profile(strict.compose(path))


class _Reading:
    """Reads one file; holds its name for the errors."""

    def __init__(self, file: str) -> None:
        self._file = file

    def profile(self, root: yaml.Node | None) -> Profile:
        said = dict(strict.entries(root, self._file, _KEYS))
        form = self._one_of(said.get("format"), FORMATS, default=FORMATS[0])
        columns, diagnoses = self._columns(said.get("columns"))
        read = Profile(
            name=self._file,
            format=form,
            files=self._text(said.get("files")),
            encoding=self._text(said.get("encoding")),
            delimiter=self._delimiter(said.get("delimiter")),
            sheets=self._texts(said.get("sheets")),
            header_rows=self._header_rows(said),
            header_names=self._header_names(said.get("header")),
            skip_rows_with=self._texts(said.get("skip_rows_with")),
            collection=self._text(said.get("collection")),
            ids=self._ids(said.get("ids")),
            columns=columns,
            diagnoses=diagnoses,
            images=tuple(self._image(node) for node in strict.nodes(said.get("images"))),
            image_folder=self._text(said.get("image_folder")),
            image_types=strict.texts(said.get("image_types"), self._file, None),
            constants=strict.texts(said.get("constants"), self._file, _CONSTANTS),
            values=self._values(said.get("values")),
            missing=self._missing(said.get("missing")),
            drop=self._texts(said.get("drop")),
            keep_text=self._truth(said.get("keep_text"), default=False),
        )
        if form == FORMATS[0] and not read.images:
            raise DataFault("names no column of pictures", place=Place(self._file), remedy="Add `images`.")
        return read

    # --- parts -------------------------------------------------------------------------------------------------------

    def _ids(self, node: yaml.Node | None) -> Ids:
        said = dict(strict.entries(node, self._file, ("patient", "lesion")))
        patient = self._id(said.get("patient"), ("column", "join", "pseudonym"))
        lesion = self._id(said.get("lesion"), ("column", "within_patient"))
        return Ids(
            patient=self._texts(patient.get("column")),
            join=self._texts(patient.get("join")),
            lesion=self._texts(lesion.get("column")),
            within_patient=self._truth(lesion.get("within_patient"), default=True),
        )

    def _id(self, node: yaml.Node | None, keys: tuple[str, ...]) -> dict[str, yaml.Node]:
        if node is None:
            return {}
        if not strict.is_mapping(node):
            return {"column": node}
        said = dict(strict.entries(node, self._file, keys))
        if not self._truth(said.get("pseudonym"), default=True):
            remedy = "Leave `pseudonym` out: who a patient is never enters a dataset."
            raise DataFault("cannot be switched off", place=self._place(said["pseudonym"]), remedy=remedy)
        return said

    def _columns(self, node: yaml.Node | None) -> tuple[dict[str, Column], tuple[DiagnosisColumn, ...]]:
        columns: dict[str, Column] = {}
        diagnoses: list[DiagnosisColumn] = []
        for meaning, value in strict.entries(node, self._file, MEANINGS):
            if meaning == "diagnosis":
                whole = strict.is_list(value) and all(map(strict.is_mapping, strict.nodes(value)))
                members = strict.nodes(value) if whole else [value]
                diagnoses += [self._diagnosis(each, at) for at, each in enumerate(members, start=1)]
            else:
                columns[meaning] = self._column(value, ())
        return columns, tuple(sorted(diagnoses, key=lambda each: each.rank))

    def _column(self, node: yaml.Node, more: tuple[str, ...]) -> Column:
        if not strict.is_mapping(node):
            return Column(self._texts(node))
        said = dict(strict.entries(node, self._file, (*_COLUMN_KEYS, *more)))
        unit = self._one_of(said.get("unit"), _UNITS, default=None)
        return Column(
            names=self._required(said, "column", node),
            pattern=self._pattern(said.get("pattern")),
            lookup=self._text(said.get("lookup")),
            unit=cast("Literal['mm', 'cm'] | None", unit),
        )

    def _diagnosis(self, node: yaml.Node, rank: int) -> DiagnosisColumn:
        more = ("rank", "certainty", "confirm")
        column = self._column(node, more)
        said = dict(strict.entries(node, self._file, None)) if strict.is_mapping(node) else {}
        certainty = self._one_of(said.get("certainty"), _CERTAINTIES, default="definite")
        return DiagnosisColumn(
            column=column,
            rank=self._number(said["rank"]) if "rank" in said else rank,
            certainty=cast("Literal['definite', 'suspected']", certainty),
            confirm=self._text(said.get("confirm")),
        )

    def _image(self, node: yaml.Node) -> ImageColumn:
        if not strict.is_mapping(node):
            return ImageColumn(self._texts(node))
        said = dict(strict.entries(node, self._file, ("column", "type", "split")))
        return ImageColumn(
            self._required(said, "column", node), self._text(said.get("type")), self._text(said.get("split"))
        )

    def _values(self, node: yaml.Node | None) -> dict[str, dict[str, str]]:
        return {key: strict.texts(each, self._file, None) for key, each in strict.entries(node, self._file, MEANINGS)}

    def _missing(self, node: yaml.Node | None) -> dict[str, frozenset[str]]:
        return {key: frozenset(self._texts(each)) for key, each in strict.entries(node, self._file, MEANINGS)}

    def _header_rows(self, said: Mapping[str, yaml.Node]) -> tuple[int, ...]:
        node = said.get("header_rows") or said.get("header_row")
        rows = tuple(self._number(each) for each in strict.nodes(node))
        if len(rows) > 2 or list(rows) != list(range(rows[0], rows[0] + len(rows)) if rows else ()):
            raise DataFault("is not one row, or two that follow each other", place=self._place(node))
        return rows

    def _header_names(self, node: yaml.Node | None) -> tuple[str, ...]:
        said = dict(strict.entries(node, self._file, ("find",)))
        return self._texts(said.get("find"))

    # --- values ------------------------------------------------------------------------------------------------------

    def _place(self, node: yaml.Node | None) -> Place:
        return strict.place(node, self._file) if node is not None else Place(self._file)

    def _text(self, node: yaml.Node | None) -> str | None:
        return strict.text(node, self._file) if node is not None else None

    def _texts(self, node: yaml.Node | None) -> tuple[str, ...]:
        return tuple(strict.items(node, self._file)) if node is not None else ()

    def _required(self, said: Mapping[str, yaml.Node], key: str, node: yaml.Node) -> tuple[str, ...]:
        if key not in said:
            raise DataFault(f"lacks `{key}`", place=self._place(node), remedy="Name the column of the table.")
        return self._texts(said[key])

    def _one_of(self, node: yaml.Node | None, codes: tuple[str, ...], *, default: str | None) -> str:
        said = self._text(node)
        if said is None:
            return cast("str", default)
        if said not in codes:
            raise DataFault(f"is none of {', '.join(codes)}", place=self._place(node), value=said)
        return said

    def _truth(self, node: yaml.Node | None, *, default: bool) -> bool:
        said = self._text(node)
        if said is None:
            return default
        if said.casefold() not in {"true", "false", "yes", "no"}:
            raise DataFault("is neither true nor false", place=self._place(node), value=said)
        return said.casefold() in {"true", "yes"}

    def _number(self, node: yaml.Node) -> int:
        said = strict.text(node, self._file)
        if not said.isdigit() or said == "0":
            raise DataFault("is no number from 1 on", place=self._place(node), value=said)
        return int(said)

    def _pattern(self, node: yaml.Node | None) -> str | None:
        said = self._text(node)
        if said is None:
            return None
        try:
            groups = re.compile(said).groups
        except re.error as error:
            raise DataFault(f"is no regular expression ({error})", place=self._place(node), value=said) from error
        if groups != 1:
            remedy = "Put brackets around what is the value: '(\\d+) лет'."
            raise DataFault("has not exactly one group", place=self._place(node), value=said, remedy=remedy)
        return said

    def _delimiter(self, node: yaml.Node | None) -> str | None:
        said = self._text(node)
        said = {"tab": "\t", "\\t": "\t"}.get(said, said) if said is not None else None
        if said is not None and len(said) != 1:
            raise DataFault("is not one character", place=self._place(node), value=said)
        return said
