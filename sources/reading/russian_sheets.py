"""The sheets of a location that a profile speaks of: header found, columns of persons and free text told apart."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from schemas.errors import DataFault, Place, UserError
from schemas.vocabulary import normalize
from sources.reading.images import File
from sources.reading.personal import refused_column
from sources.reading.profiles import Profile
from sources.reading.redaction import is_person, personal_kind
from sources.reading.russian_record import resolve
from sources.reading.sheets import (
    Header,
    Sheet,
    SheetRow,
    header_at,
    header_key,
    headers,
    is_table,
    is_total,
    read_sheets,
    rows_below,
)

__all__ = ["Found", "find_sheets", "lookups", "person_names", "personal_columns"]

# What says where a person lives, works and who treats them, beside sources.reading.personal.
_REFUSED = (
    (
        "a name",
        r"(?:ф\.? ?и\.? ?о|фамили|имя\b|отчеств|родственник|представител|врач|доктор|лечащ|медсестр|фельдшер|направи)",
    ),
    (
        "an address",
        r"(?:адрес|прописан|прописк|место жительства|место рождения|город\b|район|область проживания|индекс)",
    ),
    ("a phone number", r"(?:тел\b|телефон|моб\b|мобильн|контакт)"),
    ("an e-mail address", r"(?:e-?mail|почта|эл\.? адрес|telegram|телеграм|whatsapp|мессенджер)"),
    ("a number of a document", r"(?:снилс|страхов|полис|омс\b|енп\b|паспорт|серия|документ|инн\b)"),
    ("a date", r"(?:дата|день рождения|д\.? ?р\b|г\.? ?р\b|год рождения|рожд)"),
    ("a workplace", r"(?:место работы|работа\b|професси|должност|организац|работодател)"),
    (
        "a medical record number",
        r"(?:№ ?(?:амб|карт|и/?б|истори|случа|гист|медкарт)|номер (?:карты|истории)|история болезни|амб\.? ?карт)",
    ),
)
_REFUSED_NAMES = tuple((what, re.compile(pattern)) for what, pattern in _REFUSED)
_FREE_TEXT = re.compile(
    r"(?:прим(?:ечан|\b)|коммент|анамнез|жалоб|заметк|описани|особые отметки|дополнительн|status localis)"
)
# A column in which every tenth cell gives somebody away is one of persons, whatever its name.
_GIVEN_AWAY = 0.1


@dataclass(frozen=True, slots=True)
class Found:
    """A sheet with its header."""

    sheet: Sheet
    header: Header
    skip_words: tuple[str, ...]

    def rows(self) -> Iterator[SheetRow | object]:
        """Yield rows and faults, see `sources.reading.sheets.rows_below`."""
        return rows_below(self.sheet, self.header, skips=lambda cells: is_total(cells, words=self.skip_words))

    def column(self, name: str) -> list[str]:
        """Return the cells of a column that are not blank, without those of totals."""
        rows = (row for row in self.rows() if isinstance(row, SheetRow) and not row.skipped)
        return [cell for row in rows if (cell := row.cells[name].strip())]


def find_sheets(files: Sequence[File], profile: Profile, *, location: str) -> tuple[list[Found], list[Sheet]]:
    """Return the sheets that hold the columns of a profile, and all sheets that were read.

    Raises
    ------
    schemas.errors.UserError
        There is no table, or none that fits the profile.
    """
    tables = [file for file in files if is_table(file.path)]
    if profile.files is not None:
        tables = [file for file in tables if _fits(file.path, profile.files)]
    if not tables:
        remedy = "Correct `files` in the profile." if profile.files else "Name the table, or a folder that holds it."
        raise UserError("holds no table that the profile speaks of", value=location, remedy=remedy)
    every = [sheet for file in tables for sheet in _sheets(file, profile)]
    wanted = [sheet for sheet in every if not profile.sheets or any(_fits(sheet.name, each) for each in profile.sheets)]
    found = [Found(sheet, header, profile.skip_rows_with) for sheet in wanted if (header := _header(sheet, profile))]
    if not found:
        raise DataFault(
            f"has no header that holds {_named(profile)}",
            place=Place(tables[0].path),
            remedy="Correct the names of the columns in the profile, or draft it again: curate profile FILE.",
        )
    return found, every


def _named(profile: Profile) -> str:
    return ", ".join(repr(names[0]) for names in profile.named()[:5])


def _fits(name: str, pattern: str) -> bool:
    return any(
        fnmatch.fnmatch(each, normalize(pattern)) for each in (normalize(name), normalize(name).rpartition("/")[2])
    )


def _sheets(file: File, profile: Profile) -> list[Sheet]:
    return read_sheets(file.ref.open(), file.path, encoding=profile.encoding, delimiter=profile.delimiter)


def _header(sheet: Sheet, profile: Profile) -> Header | None:
    """Return the header of a sheet: where the profile says, or the rows that hold most of its columns."""
    wanted = profile.named()
    pictures = [each.names for each in profile.images]
    if profile.header_rows:
        rows = [number for number, _ in sheet.rows]
        at = [rows.index(number) for number in profile.header_rows if number in rows]
        candidates = [header_at(sheet, at[0], at[-1])] if at else []
    else:
        candidates = [each for each in headers(sheet) if _holds(each, profile.header_names)]
    scored = [(sum(resolve(names, each.names) is not None for names in wanted), each) for each in candidates]
    hits, best = max(
        scored, key=lambda pair: (pair[0], pair[1].first - pair[1].last, -pair[1].first), default=(0, None)
    )
    if best is None or hits < max(2, len(wanted) // 3) or not any(resolve(names, best.names) for names in pictures):
        return None
    return best


def _holds(header: Header, names: Sequence[str]) -> bool:
    shown = {header_key(name) for name in header.names}
    return all(header_key(name) in shown for name in names)


def lookups(profile: Profile, sheets: Sequence[Sheet], files: Sequence[File]) -> dict[str, dict[str, str]]:
    """Return the sheets of codes that a profile names: code to meaning.

    Raises
    ------
    schemas.errors.DataFault
        There is no such sheet, nor a table of that name.
    """
    wanted = dict.fromkeys(column.lookup for column in profile.columns.values() if column.lookup)
    wanted |= dict.fromkeys(each.column.lookup for each in profile.diagnoses if each.column.lookup)
    return {name: _codes(name, sheets, files, profile) for name in wanted if name is not None}


def _codes(name: str, sheets: Sequence[Sheet], files: Sequence[File], profile: Profile) -> dict[str, str]:
    found = [sheet for sheet in sheets if _fits(sheet.name, name)]
    if not found:
        found = [
            sheet
            for file in files
            if is_table(file.path) and _fits(file.path, name)
            for sheet in _sheets(file, profile)
        ]
    if not found:
        raise DataFault("is no sheet and no table", place=Place(profile.name), value=name, remedy="Correct `lookup`.")
    pairs = [[cell.strip() for cell in cells if cell.strip()][:2] for sheet in found for _, cells in sheet.rows]
    return {header_key(pair[0]): pair[1] for pair in pairs if len(pair) == 2}


def personal_columns(found: Found, taken: frozenset[str], *, keep_text: bool) -> Mapping[str, str]:
    """Return the columns that may not be kept as they are, and what they are.

    Parameters
    ----------
    found : Found
    taken : frozenset of str
        Columns whose meaning the profile gives; they are judged by their cells and not by their names alone.
    keep_text : bool
        Keep free text, from which personal data is taken out.
    """
    judged = ((name, _what(name, found, taken, keep_text=keep_text)) for name in found.header.names if name)
    return {name: what for name, what in judged if what is not None}


def _what(name: str, found: Found, taken: frozenset[str], *, keep_text: bool) -> str | None:
    plain = header_key(name)
    named = refused_column(name) or next((what for what, pattern in _REFUSED_NAMES if pattern.search(plain)), None)
    if named is not None and name not in taken:
        return named
    cells = found.column(name)
    away = sum(personal_kind(cell) is not None or is_person(cell) for cell in cells)
    if cells and away > _GIVEN_AWAY * len(cells):
        return named or "personal data"
    if name not in taken and not keep_text and _FREE_TEXT.search(plain):
        return "free text"
    return None


def person_names(found: Found, personal: Mapping[str, str]) -> list[str]:
    """Return the names of persons in the columns that hold them."""
    return [cell for name in personal for cell in found.column(name) if is_person(cell)]
