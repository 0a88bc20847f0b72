"""Rules by which Russian medical tables are read: diagnoses with doubt, ages in words, phototype pairs, sites, numbers, dates.

A value that no table has is never guessed: it is returned as unmapped and counted by ``curate ingest``.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from schemas import vocabulary

__all__ = [
    "Age",
    "Diagnosis",
    "Label",
    "Site",
    "Value",
    "age",
    "confirmation",
    "date",
    "diagnosis",
    "icd10",
    "image_type",
    "is_empty",
    "normalize",
    "number",
    "phototype",
    "sex",
    "site",
    "size_mm",
]

_EMPTY = frozenset(
    {
        "",
        "-",
        "н/д",
        "б/д",
        "нет",
        "не указано",
        "не указан",
        "не указана",
        "нет данных",
        "пусто",
        "не определен",
        "не определено",
        "?",
    }
)
# Letters that look alike, Cyrillic to Latin, in codes typed with the wrong keyboard layout («С43»).
_LOOK_ALIKE = str.maketrans("АВСЕНКМОРТХ", "ABCEHKMOPTX")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


def normalize(text: str) -> str:
    """Return a text as the look-up tables hold it, without punctuation around it."""
    return vocabulary.normalize(text).strip(" .,;:\"'")


def is_empty(text: str) -> bool:
    """Return whether a cell says nothing: blank, a dash, «н/д», «не указан»."""
    return normalize(text) in _EMPTY


@dataclass(frozen=True, slots=True)
class Value:
    """What a cell means.

    Parameters
    ----------
    code : str or None
        Code of the schema; None where the cell is empty, says that nothing is known or is not mapped.
    unmapped : bool
        True where the cell holds a value for which no table has a code.
    """

    code: str | None = None
    unmapped: bool = False


@cache
def _terms(name: str) -> dict[str, dict[str, str]]:
    return {normalize(row["term"]): row for row in vocabulary.read(name)}


def _look_up(name: str, text: str) -> Value:
    if is_empty(text):
        return Value()
    row = _terms(name).get(normalize(text))
    if row is None or row["status"] in {"ambiguous", "needs_profile"}:
        return Value(unmapped=True)
    return Value(row["code"] or None)


def sex(text: str) -> Value:
    """Return the code of list ``sex``: «М», «жен.», «мужской». Never read from a name; bare 1 and 2 need a profile."""
    return _look_up("ru_sex", text)


def confirmation(text: str) -> Value:
    """Return the code of list ``confirm_type``; null for what was refused or planned («не проводилась», «ожидается»)."""
    return _look_up("ru_confirmation", text)


def image_type(text: str) -> tuple[Value, str | None]:
    """Return the code of list ``image_type`` and, where said, of ``dermoscopic_type``."""
    row = _terms("ru_image_type").get(normalize(text))
    return _look_up("ru_image_type", text), (row["dermoscopic_type"] or None) if row is not None else None


# --- numbers, dates, ages --------------------------------------------------------------------------------------------


def number(text: str) -> float | None:
    """Return a number with a decimal comma or point and blanks as thousands marks; None where the cell is no number."""
    plain = vocabulary.normalize(text).replace(" ", "").replace(",", ".")
    try:
        return float(plain)
    except ValueError:
        return None


def size_mm(text: str, *, unit: Literal["mm", "cm"] = "mm") -> float | None:
    """Return the largest diameter in mm: «7,3 мм», «0,8×0,6 см», «14,5х10,1».

    Parameters
    ----------
    text : str
    unit : {"mm", "cm"}
        Unit of the column, for cells that name none.
    """
    plain = vocabulary.normalize(text)
    found = [float(part.replace(",", ".")) for part in _NUMBER.findall(plain)]
    if not found:
        return None
    in_cm = "см" in plain or (unit == "cm" and "мм" not in plain)
    return max(found) * (10.0 if in_cm else 1.0)


_MONTHS = ("янв", "фев", "мар", "апр", "ма", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")
_DATE = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4}|\d{2})(?:\s+[\d:]+)?$")
_ISO_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[\st][\d:.]+)?$")
_WORD_DATE = re.compile(r"(\d{1,2}) ([а-я]+) (\d{4})(?: ?г)?$")


def date(text: str) -> datetime.date | None:
    """Return a date, day first always: «05.03.2021», «5.3.21», «2021-03-05», «12 мая 2021 г.»; None where it is none.

    Two-digit years up to 29 are 20xx, others 19xx.
    """
    plain = normalize(text)
    if (iso := _ISO_DATE.match(plain)) is not None:
        year, month, day = (int(part) for part in iso.groups())
    elif (dotted := _DATE.match(plain)) is not None:
        day, month, year = (int(part) for part in dotted.groups())
        if len(dotted.group(3)) == 2:
            year += 2000 if year <= 29 else 1900
    elif (worded := _WORD_DATE.match(plain)) is not None:
        months = [index for index, stem in enumerate(_MONTHS, start=1) if worded.group(2).startswith(stem)]
        if not months:
            return None
        day, month, year = int(worded.group(1)), months[0], int(worded.group(3))
    else:
        return None
    try:
        return datetime.date(year, month, day)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Age:
    """An age as a table says it.

    Parameters
    ----------
    years : int or None
        Completed years; None for an open interval and for what is no age.
    method : str or None
        Code of list ``age_method``: ``exact`` for a bare number, ``text`` for words, ``over`` for «старше 80».
    low : int or None
        Lower end where the age is only said to be over it.
    unmapped : bool
        True where the cell holds something that is no age of 0 to 120 years.
    """

    years: int | None = None
    method: str | None = None
    low: int | None = None
    unmapped: bool = False


_BARE_AGE = re.compile(r"\d{1,3}(?:[.,]\d+)?$")
_WORD_AGE = re.compile(
    r"(?:(?P<years>\d{1,3})\s*(?:лет|года|год|г|л)\.?)?\s*(?:(?P<months>\d{1,2})\s*(?:месяцев|месяца|месяц|мес|м)\.?)?"
    r"\s*(?:(?P<weeks>\d{1,2})\s*(?:недель|недели|неделя|нед)\.?)?$"
)
_OVER_AGE = re.compile(r"(?:>|старше|более|свыше)\s*(\d{1,3})(?:\s*лет)?$")
_OLDEST = 120


def age(text: str) -> Age:
    """Return an age: «45», «45,0», «45 лет», «1 г. 3 мес.», «6 мес.», «3 недели», «старше 80»."""
    if is_empty(text):
        return Age()
    plain = normalize(text)
    if _BARE_AGE.match(plain):
        years = int(float(plain.replace(",", ".")))
        return Age(years=years, method="exact") if years <= _OLDEST else Age(unmapped=True)
    if (over := _OVER_AGE.match(plain)) is not None and int(over.group(1)) <= _OLDEST:
        return Age(low=int(over.group(1)), method="over")
    words = _WORD_AGE.match(plain)
    if words is None or not any(words.groups()) or int(words["years"] or 0) > _OLDEST:
        return Age(unmapped=True)
    return Age(years=int(words["years"] or 0) + int(words["months"] or 0) // 12, method="text")


# --- skin type, site, codes ------------------------------------------------------------------------------------------


@cache
def _phototypes() -> dict[str, str]:
    return {
        normalize(row["term"]): row["low"] if row["low"] == row["high"] else f"{row['low']}-{row['high']}"
        for row in vocabulary.read("ru_phototype")
    }


def phototype(text: str) -> Value:
    """Return a Fitzpatrick type or a pair of neighbours: «II», «III тип», «II–III», «1/2»; a pair is never rounded.

    What a spreadsheet made of «2-3» («02.мар») is unmapped, not guessed.
    """
    if is_empty(text):
        return Value()
    plain = normalize(text)
    known = _phototypes()
    for candidate in (plain, re.sub(r"^[^()]*\((.+)\)$", r"\1", plain), re.sub(r"\s*-\s*", "-", plain)):
        if candidate in known:
            code = known[candidate]
            return Value(code or None)
    return Value(unmapped=True)


@dataclass(frozen=True, slots=True)
class Site:
    """A place on the body.

    Parameters
    ----------
    path : str or None
        Node of the site tree, never deeper than the text.
    laterality : str or None
        ``left``, ``right`` or ``midline``.
    unmapped : bool
        True where the text names a place that no table has.
    """

    path: str | None = None
    laterality: str | None = None
    unmapped: bool = False


_SIDES = (
    ("left", re.compile(r"\b(?:слева|лев(?:ый|ая|ое|ой|ого|ую|ом|\.)?|sin\.?|s)(?=$|[\s,.)])")),
    ("right", re.compile(r"\b(?:справа|прав(?:ый|ая|ое|ой|ого|ую|ом|\.)?|dex\.?|d)(?=$|[\s,.)])")),
    ("midline", re.compile(r"\b(?:по (?:средней|срединной) линии|по центру|срединно)\b")),
)


def laterality(text: str) -> Value:
    """Return the side: «слева», «прав.», «по средней линии», a bare «П» or «Л»."""
    if is_empty(text):
        return Value()
    plain = normalize(text)
    bare = {"п": "right", "л": "left"}.get(plain)
    if bare is not None:
        return Value(bare)
    said = [side for side, pattern in _SIDES if pattern.search(plain)]
    return Value(said[0]) if len(said) == 1 else Value(unmapped=True)


def site(text: str) -> Site:
    """Return site and side: «спина», «голень (слева)», «правый висок», «кожа щеки»."""
    if is_empty(text):
        return Site()
    plain = normalize(text)
    rest, sides = plain, []
    for side, pattern in _SIDES:
        if pattern.search(rest):
            sides.append(side)
            rest = pattern.sub(" ", rest)
    side_said = sides[0] if len(sides) == 1 else None
    rest = normalize(re.sub(r"[()]", " ", rest))
    without_skin = re.sub(r"^(?:кожа|область) ", "", rest)
    known = _terms("ru_site")
    stems = _site_stems()
    for candidate in (plain, rest, without_skin):
        row = known.get(candidate) or stems.get(_stem_key(candidate))
        if row is not None and row["status"] != "ambiguous":
            return Site(row["code"] or None, side_said)
    return Site(laterality=side_said, unmapped=True)


@cache
def _site_stems() -> dict[str, dict[str, str]]:
    return {_stem_key(row["term"]): row for row in vocabulary.read("ru_site")}


def icd10(text: str) -> str | None:
    """Return an ICD-10 code in Latin letters without blanks: «С44.3», «C 44,3»; None where the cell holds none."""
    plain = re.sub(r"\s", "", text.upper()).translate(_LOOK_ALIKE).replace(",", ".")
    found = re.search(r"[A-Z]\d{2}(?:\.\d{1,2})?", plain)
    return found.group(0) if found is not None else None


# --- diagnosis -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Label:
    """One diagnosis that a text names.

    Parameters
    ----------
    raw : str
        The words of the text that name it.
    path : str or None
        Node of the diagnosis tree.
    kind : str
        Code of list ``diagnosis_kind``.
    certainty : str
        Code of list ``diagnosis_certainty``.
    """

    raw: str
    path: str | None
    kind: str
    certainty: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a diagnosis cell means.

    Parameters
    ----------
    path : str or None
        Node of the diagnosis tree; of several alternatives the lowest common one, or None.
    kind : str
        Code of list ``diagnosis_kind``; ``unmapped`` where no table has the text.
    certainty : str or None
        ``definite``, ``suspected`` or ``differential``; None where there is no diagnosis.
    candidates : tuple of str
        Alternatives, where the text names several.
    labels : tuple of Label
        Everything that the text names, in its order, what it excludes included.
    """

    path: str | None = None
    kind: str = "none"
    certainty: str | None = None
    candidates: tuple[str, ...] = ()
    labels: tuple[Label, ...] = ()

    @property
    def unmapped(self) -> bool:
        """Whether the text holds a diagnosis that no table has."""
        return self.kind == "unmapped"


_ENDING = re.compile(
    r"(?:ого|его|ому|ему|ыми|ими|ами|ями|ый|ий|ой|ая|яя|ое|ее|ые|ие|ых|их|ую|юю|ах|ях|ов|ев|ей|ем|ам|ям|а|я|о|е|ы|и|у|ю|ь)$"
)
_DOUBT = re.compile(
    r"\?|подозрени\w* на|susp\.?(?:icio)?|под вопросом|нельзя исключить|не исключается|не исключен\w*|вероятно|возможно|предположительно"
)
_NEGATED = re.compile(r"без признаков|признак\w* \w+ не |не выявлен|не обнаружен|данных за .* нет|исключен")
_HISTORY = re.compile(r"в анамнезе|после (?:иссечения|удаления|операции)|состояние после")
_BETWEEN = re.compile(r"\s+или\s+|\s*/\s*|\s*;\s*|\s*,\s*|\s*\d\)\s*|\s+дифф?\.?\s+с\s+|\s+vs\.?\s+")


# Names of tumors keep their «ом»: «меланому» is no adjective in the dative.
_TUMOR = re.compile(r"(\w{3,}ом)(?:а|ы|у|ой|е|ами|ам|ах)?$")


def _stem(word: str) -> str:
    if (tumor := _TUMOR.match(word)) is not None:
        return tumor.group(1)
    shorter = _ENDING.sub("", word)
    return shorter if len(shorter) >= 3 else word


def _stem_key(text: str) -> str:
    """Return the stems of a text in alphabetical order: cases, plurals and word order fall together."""
    return " ".join(sorted(_stem(word) for word in re.findall(r"[\w-]+", normalize(text))))


@cache
def _abbreviations() -> dict[str, dict[str, str]]:
    return {row["term"]: row for row in vocabulary.read("ru_diagnosis") if row["kind"] == "abbr"}


@cache
def _names() -> dict[str, dict[str, str]]:
    return {normalize(row["term"]): row for row in vocabulary.read("ru_diagnosis") if row["kind"] != "abbr"}


@cache
def _name_stems() -> tuple[tuple[frozenset[str], dict[str, str]], ...]:
    """Every term as a set of stems, the longest first."""
    found = [(frozenset(_stem_key(row["term"]).split()), row) for row in _names().values()]
    return tuple(sorted(found, key=lambda item: (-len(item[0]), -len(item[1]["term"]), item[1]["term"])))


def _find(text: str) -> dict[str, str] | None:
    """Return the row of the vocabulary that a piece of text names: whole, by abbreviation, or its longest term inside."""
    bare = text.strip(" .,;:()")
    # Abbreviations count in upper case only: «АК» is a diagnosis, «ак» is not.
    if bare in _abbreviations():
        return _abbreviations()[bare]
    if (row := _names().get(normalize(bare))) is not None:
        return row
    for word in re.findall(r"[А-ЯЁ]{2,6}", bare):
        if word in _abbreviations():
            return _abbreviations()[word]
    stems = frozenset(_stem_key(bare).split())
    return next((row for term, row in _name_stems() if term and term <= stems), None)


def _label(text: str, certainty: str) -> Label:
    row = _find(text)
    raw = text.strip()
    if row is None or row["status"] == "ambiguous":
        return Label(raw, None, "unmapped", certainty)
    if row["status"] == "no_lesion" or not row["code"]:
        return Label(raw, None, "none", certainty)
    top = ":" not in row["code"]
    kind = "top" if top else ("broader" if row["status"] == "broader" else "exact")
    return Label(raw, row["code"], kind, certainty)


def _pieces(text: str) -> list[str]:
    """Return the alternatives of a text; one that only belongs to its neighbor («рак, БДУ») is not cut off."""
    plain = normalize(text)
    if text.strip() in _abbreviations() or plain in _names():
        return [text]
    # «рубец после иссечения базалиомы»: what stands before the history is there today.
    parted = re.sub(rf"\s+({_HISTORY.pattern})", r"; \1", text, flags=re.IGNORECASE)
    pieces = [piece for piece in _BETWEEN.split(parted) if piece.strip(" .,;:()?")]
    named = [
        piece for piece in pieces if _find(_DOUBT.sub(" ", piece)) is not None or _HISTORY.search(normalize(piece))
    ]
    return named if len(named) > 1 else [text]


def _certainty(piece: str, *, doubted: bool) -> str:
    plain = normalize(piece)
    if _HISTORY.search(plain):
        return "history"
    if _NEGATED.search(plain):
        return "excluded"
    return "suspected" if doubted else "definite"


def _common(paths: tuple[str, ...]) -> str | None:
    parts = [path.split(":") for path in paths]
    shared = []
    for level in zip(*parts, strict=False):
        if len(set(level)) > 1:
            break
        shared.append(level[0])
    return ":".join(shared) or None


def diagnosis(text: str, *, preliminary: bool = False) -> Diagnosis:
    """Return what a diagnosis cell means.

    Parameters
    ----------
    text : str
        «Базалиома», «БКР?», «подозрение на меланому», «невус / себорейный кератоз?», «невус, признаков меланомы не выявлено».
    preliminary : bool
        True for a column of preliminary diagnoses: its labels are suspected.

    Notes
    -----
    A doubt mark gives certainty ``suspected`` with the path of the term. Several alternatives give ``differential`` and candidates. What
    is denied or past is kept among the labels and is never the diagnosis of the row.
    """
    if is_empty(text):
        return Diagnosis()
    doubted = preliminary or _DOUBT.search(vocabulary.normalize(text)) is not None
    labels = tuple(_label(_strip_doubt(piece), _certainty(piece, doubted=doubted)) for piece in _pieces(text))
    stated = tuple(label for label in labels if label.certainty in {"definite", "suspected"})
    if not stated:
        return Diagnosis(labels=labels)
    known = [label for label in stated if label.path is not None]
    if not known:
        return Diagnosis(kind=stated[0].kind, certainty=stated[0].certainty, labels=labels)
    paths = tuple(dict.fromkeys(str(label.path) for label in known))
    if len(paths) == 1:
        return Diagnosis(paths[0], known[0].kind, known[0].certainty, labels=labels)
    alternatives = tuple(
        label
        if label.certainty not in {"definite", "suspected"}
        else Label(label.raw, label.path, label.kind, "differential")
        for label in labels
    )
    return Diagnosis(_common(paths), "group", "differential", candidates=paths, labels=alternatives)


def _strip_doubt(piece: str) -> str:
    return re.sub(r"\(\s*\)", " ", re.sub(_DOUBT.pattern, " ", piece, flags=re.IGNORECASE)).strip()
