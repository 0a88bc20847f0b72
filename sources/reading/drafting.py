"""A first profile of a table that nobody has seen: encoding, header, and what each column seems to mean.

The draft is for a person to correct. It quotes examples from columns of diseases, places and pictures, never from
columns that say who somebody is.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from schemas.errors import DataFault, Place
from sources.reading import russian
from sources.reading.images import list_files
from sources.reading.meanings import by_words, guess, share
from sources.reading.redaction import Redactor, is_person, is_snils, personal_kind
from sources.reading.russian_diagnosis import diagnosis
from sources.reading.sheets import (
    Header,
    Sheet,
    SheetRow,
    header_key,
    headers,
    is_table,
    is_total,
    read_sheets,
    rows_below,
)
from sources.transport.archive import is_archive

__all__ = ["draft"]

_EXAMPLES, _EXAMPLE_LENGTH, _ROWS_JUDGED, _LONGEST_NAME = 5, 40, 400, 80
_PRELIMINARY = re.compile(r"предв|направ|первичн|до биопсии|под вопросом|подозрен|при поступл")
_FINAL = re.compile(r"заключит|окончат|консилиум|итогов|клинико-морф|верифиц|послеоперац")
_CONSENSUS = re.compile(r"консилиум|консенсус|эксперт")
_CLINICAL = re.compile(r"клинич|дерматоскоп|врач")
_TYPES = (
    ("dermoscopic", re.compile(r"дермат|дермоск|д/с|эпилюм")),
    ("clinical: overview", re.compile(r"обзор|общ")),
    ("clinical: close-up", re.compile(r"макро|клинич|крупн|близк")),
)
_DERMOSCOPIC_NAME = re.compile(r"(?P<mark>[_-](?:d|derm\w*|д|дерм\w*))\.\w+$", re.IGNORECASE)
_CLINICAL_NAME = re.compile(r"(?P<mark>[_-](?:m|c|macro|clin\w*|м|к|макро))\.\w+$", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(20[0-3]\d)(?!\d)")
_DATE = re.compile(r"(?<!\d)\d{1,2}\.\d{1,2}\.(?:20)\d\d(?!\d)")
# Who a patient is, the surest first: a number of the state, a code, a card, a name, a case.
_PATIENT = (
    r"снилс|страхов",
    r"полис|омс",
    r"(?:код|id|№|номер).*(?:пациент|больн)|(?:пациент|больн).*(?:код|id|№)|^id\b",
    r"карт",
    r"фио|ф\.? ?и\.? ?о|фамил|пациент|больн",
    r"истори|и/б|случа",
)
_AGE_IN_TEXT = r"((?:19|20)\d\d|\d{1,3}\s*(?:лет|год|г\b|л\b|мес))"
_SEX_IN_TEXT = r"(?:^|[\s,;/(])(м|ж|муж\w*|жен\w*)(?=$|[\s,;/.)])"


@dataclass(slots=True)
class _Column:
    """A column that sheets hold under one or several names."""

    meaning: str
    names: list[str]
    cells: list[str]
    lookup: str | None = None
    pattern: str | None = None
    share: float = 1.0


@dataclass(slots=True)
class _Draft:
    """What was found out."""

    sheets: list[tuple[Sheet, Header]]
    columns: dict[str, list[_Column]] = field(default_factory=lambda: defaultdict(list))
    personal: list[str] = field(default_factory=list)
    unknown: list[_Column] = field(default_factory=list)


def draft(location: str) -> str:
    """Return the profile of a table, as YAML with comments.

    Parameters
    ----------
    location : str
        The table, or a folder or an archive that holds it.

    Raises
    ------
    schemas.errors.UserError
        There is nothing at the location.
    schemas.errors.DataFault
        It holds no table, or a table without a header.
    """
    path = Path(location)
    listing = list_files(location)
    single = path.is_file() and not is_archive(path)
    tables = [file for file in listing.files if (file.path == path.name if single else is_table(file.path))]
    if not tables and (pictures := listing.pictures()):
        return "\n".join(_of_folders([file.path for file in pictures])) + "\n"
    if not tables:
        raise DataFault("holds no table and no picture", place=Place(path.name), remedy="Name the table.")
    every = [sheet for file in tables for sheet in read_sheets(file.ref.open(), file.path)]
    found = [(sheet, header) for sheet in every if (header := _header(sheet)) is not None]
    made = _judged(found, every)
    if "images" not in made.columns:
        remedy = "Is there a column that names the files of the pictures? Its name must stand in the first 40 rows."
        raise DataFault("has no column of pictures that could be recognized", place=Place(path.name), remedy=remedy)
    lines = [*_head(made, path.name if single else None), *_body(made)]
    # A file is called after a patient, a note speaks of one: names of the table are taken out of all examples.
    cells = (cell for sheet, header in made.sheets for column in _cells(sheet, header).values() for cell in column)
    redact = Redactor(cell for cell in cells if is_person(cell))
    quoted = (line.partition("   # ") for line in lines)
    return "\n".join(f"{said}{mark}{redact(example) if mark else example}" for said, mark, example in quoted) + "\n"


# --- header ----------------------------------------------------------------------------------------------------------


def _header(sheet: Sheet) -> Header | None:
    """Return the rows of a sheet whose words name the most meanings."""
    best: tuple[int, Header] | None = None
    for each in headers(sheet):
        top, below = sheet.rows[each.first][1], sheet.rows[each.last][1]
        two = each.first != each.last
        if _holds_data(top) or (two and (_holds_data(below) or not _groups(top, below))):
            continue
        names = {header_key(name.partition(" #")[0]) for name in each.names if name and len(name) < _LONGEST_NAME}
        said = sum(bool(by_words(name)) for name in names)
        if best is None or said > best[0] or (two and said == best[0]):
            best = (said, each)
    return best[1] if best is not None and best[0] >= 2 else None


def _groups(top: Sequence[str], below: Sequence[str]) -> bool:
    """Return whether a row names groups of the columns that the row below names; one title over all is no group."""
    named = {cell.strip() for cell in top if cell.strip()}
    return 1 < len(named) < sum(bool(cell.strip()) for cell in below)


def _holds_data(cells: Sequence[str]) -> bool:
    """Return whether a row is one of a patient: it names a file, a date, or several numbers."""
    said = [cell.strip() for cell in cells if cell.strip()]
    numbers = sum(re.fullmatch(r"[\d.,]+", cell) is not None for cell in said)
    files = any(re.search(r"\.(?:jpe?g|png|tiff?|bmp)\b", cell, re.IGNORECASE) for cell in said)
    return files or numbers > len(said) // 2 or any(russian.date(cell) is not None for cell in said)


# --- columns ---------------------------------------------------------------------------------------------------------


def _judged(found: Sequence[tuple[Sheet, Header]], every: Sequence[Sheet]) -> _Draft:
    made = _Draft([])
    for sheet, header in found:
        table = _cells(sheet, header)
        columns = _columns(table, every, sheet)
        # A sheet without a column of pictures is a list of codes or notes.
        if not any(each.meaning == "images" for each in columns):
            continue
        made.sheets.append((sheet, header))
        _merge(made, columns, table)
    return made


def _cells(sheet: Sheet, header: Header) -> dict[str, list[str]]:
    rows = [row for row in rows_below(sheet, header, skips=is_total) if isinstance(row, SheetRow) and not row.skipped]
    return {
        name: [cell for row in rows[:_ROWS_JUDGED] if (cell := row.cells[name].strip())]
        for name in header.names
        if name
    }


def _columns(table: Mapping[str, list[str]], every: Sequence[Sheet], own: Sheet) -> list[_Column]:
    found: list[_Column] = []
    for name, cells in table.items():
        if _is_counter(name, cells):
            continue
        found += _two_in_one(name, cells)
        guessed = guess(name, cells)
        looked_up = _looked_up(name, cells, every, own)
        if looked_up is not None and (guessed is None or guessed.share < looked_up.share):
            found.append(looked_up)
        elif guessed is not None:
            found.append(_Column(guessed.meaning, [name], cells, share=guessed.share))
    return found


def _is_counter(name: str, cells: Sequence[str]) -> bool:
    """Return whether a column only counts the rows."""
    numbers = [int(cell) for cell in cells if cell.isdigit()]
    rising = (
        len(numbers) == len(cells) and len(cells) > 2 and all(b - a in {0, 1} for a, b in itertools.pairwise(numbers))
    )
    return re.fullmatch(r"№|n|№ ?п/?п|п/?п|№ п\.п", header_key(name)) is not None or (
        rising and numbers[0] in {0, 1} and name.strip()[:1] in "№N#"
    )


def _two_in_one(name: str, cells: Sequence[str]) -> Iterator[_Column]:
    """Yield age and sex that stand in one text with another thing: «Ф.И.О., возраст», «ж, 45 лет»."""
    words = by_words(name)
    for meaning, pattern in (("age", _AGE_IN_TEXT), ("sex", _SEX_IN_TEXT)):
        if meaning not in words or share(meaning, cells) >= 0.3:
            continue
        inside = [match.group(1) for cell in cells if (match := re.search(pattern, cell, re.IGNORECASE)) is not None]
        if len(inside) * 2 > len(cells):
            yield _Column(meaning, [name], inside, pattern=pattern)


def _looked_up(name: str, cells: Sequence[str], every: Sequence[Sheet], own: Sheet) -> _Column | None:
    """Return a column of codes together with the sheet that says what they mean."""
    meanings = [each for each in by_words(name) if each not in {"patient", "lesion", "images"}]
    codes = {header_key(cell) for cell in cells}
    for sheet in every:
        pairs = (
            [[cell.strip() for cell in row if cell.strip()][:2] for _, row in sheet.rows] if sheet is not own else []
        )
        known = {header_key(pair[0]): pair[1] for pair in pairs if len(pair) == 2}
        held = [known[code] for code in codes if code in known]
        if not held or len(held) * 2 < len(codes):
            continue
        best = max(((share(meaning, held), -at, meaning) for at, meaning in enumerate(meanings)), default=(0.0, 0, ""))
        if best[0] >= 0.5:
            return _Column(best[2], [name], list(cells), lookup=sheet.name or sheet.file, share=best[0])
    return None


def _merge(made: _Draft, columns: Sequence[_Column], table: Mapping[str, list[str]]) -> None:
    """Add the columns of a sheet: the same meaning under another name in another sheet is the same column."""
    mine: dict[str, list[_Column]] = defaultdict(list)
    for each in columns:
        mine[each.meaning].append(each)
    for meaning, found in mine.items():
        kept = found if meaning in {"diagnosis", "images"} else [_best(meaning, found)]
        for each in kept:
            _add(made.columns[meaning], each, alone=len(kept) == 1)
    used = {name for each in columns for name in each.names}
    for name, cells in table.items():
        if name not in used and not _is_counter(name, cells):
            made.unknown.append(_Column("", [name], cells))


def _best(meaning: str, found: Sequence[_Column]) -> _Column:
    if meaning == "patient":
        ranked = {each.names[0]: _patient_rank(each) for each in found}
        return min(found, key=lambda each: ranked[each.names[0]])
    return max(found, key=lambda each: (by_words(each.names[0])[:1] == [meaning], each.share, len(each.cells)))


def _patient_rank(column: _Column) -> int:
    plain = header_key(column.names[0])
    if column.cells and sum(map(is_snils, column.cells)) * 2 > len(column.cells):
        return 0
    return next((at for at, pattern in enumerate(_PATIENT) if re.search(pattern, plain)), len(_PATIENT))


def _add(present: list[_Column], new: _Column, *, alone: bool) -> None:
    same = [each for each in present if header_key(new.names[0]) in {header_key(name) for name in each.names}]
    target = same[0] if same else present[0] if present and alone and len(present) == 1 else None
    if target is None:
        present.append(new)
        return
    if not same:
        target.names += new.names
    target.cells += new.cells


# --- folders without a table ------------------------------------------------------------------------------------------


def _of_folders(paths: Sequence[str]) -> Iterator[str]:
    """Yield a profile of folders, with what each name seems to mean."""
    names = Counter(part for path in paths for part in unicodedata.normalize("NFC", path).split("/")[:-1])
    yield "# Drafted by `curate profile`: correct it, then"
    yield "#   curate ingest ru_folders LOCATION --profile THIS_FILE --into DATASET --dry-run"
    yield "format: ru_folders/1"
    yield "# constants: {image_type: dermoscopic, licence: unknown-licence, attribution: WHO}"
    yield "# values: {diagnosis: {WHAT_A_FOLDER_IS_CALLED: WHAT_IT_MEANS}}"
    for name, count in sorted(names.items()):
        if not is_person(name) and personal_kind(name) is None:
            found = diagnosis(name.replace("_", " "))
            meaning = found.path or (" or ".join(found.candidates) if found.candidates else "no disease by its name")
            yield f"# {_scalar(name)}, {count} pictures: {meaning}"


# --- text ------------------------------------------------------------------------------------------------------------


def _head(made: _Draft, file: str | None) -> Iterator[str]:
    yield "# Drafted by `curate profile`: correct it, then"
    yield "#   curate ingest ru_table LOCATION --profile THIS_FILE --into DATASET --dry-run"
    yield "format: ru_table/1"
    if file is not None and personal_kind(file) is None:
        yield f"files: {_scalar(file)}"
    sheet = made.sheets[0][0]
    if sheet.encoding is not None:
        yield f"encoding: {sheet.encoding}"
        yield f"delimiter: {_scalar('tab' if sheet.delimiter == chr(9) else str(sheet.delimiter))}"
    else:
        yield f"sheets: {_list([each.name for each, _ in made.sheets])}"
    for each, header in made.sheets:
        rows = " and ".join(str(each.rows[at][0]) for at in dict.fromkeys((header.first, header.last)))
        yield f"# The header stands in row {rows}{f' of {each.name}' if each.name else ''}."


def _body(made: _Draft) -> Iterator[str]:
    yield from _ids(made)
    yield "columns:"
    for meaning, columns in made.columns.items():
        if meaning not in {"patient", "lesion", "images", "diagnosis"}:
            yield from _plain(meaning, columns[0], quoted=meaning not in {"birth_date", "birth_year", "visit_date"})
    if made.columns.get("diagnosis"):
        yield from _diagnoses(made.columns["diagnosis"])
    yield from _images(made)
    yield from _constants(made)
    yield from _values(made)
    yield "# drop: []                     # columns of personal data are left out without being named"
    for each in made.unknown:
        yield f"# not taken: {_scalar(each.names[0])}{_example(each, quoted=_may_be_quoted(each))}"


def _ids(made: _Draft) -> Iterator[str]:
    patient, lesion = made.columns.get("patient"), made.columns.get("lesion")
    if not patient and not lesion:
        yield "# ids: {patient: COLUMN}       # no column says which pictures are of one person"
        return
    yield "ids:"
    if patient:
        column = patient[0]
        born = [each for key in ("birth_date", "birth_year") for each in made.columns.get(key, [])]
        persons = sum(map(is_person, column.cells)) * 2 > len(column.cells)
        join = f", join: {_list(born[0].names)}" if persons and born else ""
        yield f"  patient: {{column: {_names(column)}{join}}}   # becomes a keyed hash"
    if lesion:
        own = len(set(lesion[0].cells)) == len(lesion[0].cells)
        yield f"  lesion: {{column: {_names(lesion[0])}, within_patient: {str(not own).lower()}}}"


def _plain(meaning: str, column: _Column, *, quoted: bool) -> Iterator[str]:
    more = ""
    if column.lookup is not None:
        more += f", lookup: {_scalar(column.lookup)}"
    if column.pattern is not None:
        more += f", pattern: {_scalar(column.pattern)}"
    value = f"{{column: {_names(column)}{more}}}" if more else _names(column)
    yield f"  {meaning}: {value}{_example(column, quoted=quoted)}"


def _diagnoses(columns: Sequence[_Column]) -> Iterator[str]:
    yield "  diagnosis:"
    ranked = sorted(columns, key=_diagnosis_rank)
    for rank, column in enumerate(ranked, start=1):
        plain = header_key(column.names[0])
        early = _PRELIMINARY.search(plain) is not None
        more = ", certainty: suspected" if early else ""
        if not early and _CONSENSUS.search(plain):
            more += ", confirm: консилиум"
        elif not early and _CLINICAL.search(plain):
            more += ", confirm: клинически"
        if column.lookup is not None:
            more += f", lookup: {_scalar(column.lookup)}"
        yield f"    - {{column: {_names(column)}, rank: {rank}{more}}}{_example(column)}"


def _diagnosis_rank(column: _Column) -> tuple[int, float]:
    plain = header_key(column.names[0])
    place = 0 if _FINAL.search(plain) else 3 if _PRELIMINARY.search(plain) else 2 if _CLINICAL.search(plain) else 1
    return place, -column.share


def _images(made: _Draft) -> Iterator[str]:
    columns = made.columns["images"]
    yield "images:"
    for column in columns:
        plain = header_key(column.names[0])
        kind = next((code for code, pattern in _TYPES if pattern.search(plain)), None)
        more = f", type: {_scalar(kind)}" if kind is not None and "image_type" not in made.columns else ""
        yield f"  - {{column: {_names(column)}{more}}}{_example(column)}"
    if "image_type" in made.columns or len(columns) > 1:
        return
    names = columns[0].cells
    marks = {
        kind: _mark(names, pattern)
        for kind, pattern in (("dermoscopic", _DERMOSCOPIC_NAME), ("clinical: close-up", _CLINICAL_NAME))
    }
    if marks["dermoscopic"] is not None:
        listed = ", ".join(
            f"{_scalar(f'*{mark}.*')}: {_scalar(kind)}" for kind, mark in marks.items() if mark is not None
        )
        yield f"image_types: {{{listed}}}"


def _mark(names: Sequence[str], pattern: re.Pattern[str]) -> str | None:
    found = [match["mark"].casefold() for name in names if (match := pattern.search(name)) is not None]
    return max(set(found), key=found.count) if len(found) * 5 > len(names) else None


def _constants(made: _Draft) -> Iterator[str]:
    born = "birth_date" in made.columns or "birth_year" in made.columns
    titles = [cell for sheet, header in made.sheets for _, cells in sheet.rows[: header.first] for cell in cells]
    said = [match.group(0) for title in titles if (match := _DATE.search(title)) is not None]
    years = [match.group(1) for title in titles if (match := _YEAR.search(title)) is not None]
    if born and "visit_date" not in made.columns and "age" not in made.columns and (said or years):
        when = str(russian.date(said[0])) if said else f"{years[0]}-06-30"
        yield f"constants: {{visit_date: {when}}}   # out of the title: ages are counted to this day"
    else:
        yield "# constants: {image_type: dermoscopic, licence: unknown-licence, attribution: WHO}"


def _values(made: _Draft) -> Iterator[str]:
    sexes = {cell for each in made.columns.get("sex", []) for cell in each.cells}
    if sexes and sexes <= {"1", "2"}:
        yield 'values: {sex: {"1": male, "2": female}}   # is it so here?'
    else:
        yield "# values: {diagnosis: {WHAT_THE_TABLE_SAYS: WHAT_IT_MEANS}}"


def _may_be_quoted(column: _Column) -> bool:
    named = by_words(column.names[0])
    return "patient" not in named and not any(is_person(cell) or personal_kind(cell) for cell in column.cells)


def _example(column: _Column, *, quoted: bool = True) -> str:
    if not quoted:
        return ""
    redact = Redactor()
    said = dict.fromkeys(redact(" ".join(cell.split()))[:_EXAMPLE_LENGTH] for cell in column.cells)
    shown = [each for each in said if each][:_EXAMPLES]
    return f"   # {' | '.join(shown)}" if shown else ""


def _names(column: _Column) -> str:
    return _scalar(column.names[0]) if len(column.names) == 1 else _list(column.names)


def _list(names: Sequence[str]) -> str:
    return f"[{', '.join(map(_scalar, names))}]"


def _scalar(text: str) -> str:
    """Return a text as one value inside YAML in one line."""
    return yaml.safe_dump([text], allow_unicode=True, default_flow_style=True, width=10_000).strip()[1:-1]
