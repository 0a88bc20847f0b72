"""How the cells of Russian medical tables are read: ages in words, pairs of skin types, sites, numbers, dates.

A value that no table has is never guessed: it is returned as unmapped and counted by ``curate ingest``. What a
diagnosis means is read by `sources.reading.russian_diagnosis`.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from schemas import vocabulary

__all__ = [
    "LOOK_ALIKE",
    "Age",
    "Site",
    "Value",
    "age",
    "confirmation",
    "date",
    "icd10",
    "image_type",
    "is_empty",
    "laterality",
    "normalize",
    "number",
    "phototype",
    "sex",
    "site",
    "size_mm",
    "stem",
    "stem_key",
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
LOOK_ALIKE = str.maketrans("АВСЕНКМОРТХ", "ABCEHKMOPTX")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


def normalize(text: str) -> str:
    """Return a text as the look-up tables hold it, without punctuation around it."""
    return vocabulary.normalize(text).strip(" .,;:\"'")


def is_empty(text: str) -> bool:
    """Return whether a cell says nothing: blank, a dash, «н/д», «не указан»."""
    return normalize(text) in _EMPTY


_ENDING = re.compile(
    r"(?:ого|его|ому|ему|ыми|ими|ами|ями|ый|ий|ой|ая|яя|ое|ее|ые|ие|ых|их|ую|юю|ах|ях|ов|ев|ей|ем|ам|ям|а|я|о|е|ы|и|у|ю|ь)$"
)
# Names of tumors keep their «ом»: «меланому» is no adjective in the dative.
_TUMOR = re.compile(r"(\w{3,}ом)(?:а|ы|у|ой|е|ами|ам|ах)?$")


def stem(word: str) -> str:
    """Return a word without its ending, so that cases and numbers fall together: «щеки» and «щека»."""
    if (tumor := _TUMOR.match(word)) is not None:
        return tumor.group(1)
    shorter = _ENDING.sub("", word)
    return shorter if len(shorter) >= 3 else word


def stem_key(text: str) -> str:
    """Return the stems of a text in alphabetical order: cases, plurals and word order fall together."""
    return " ".join(sorted(stem(word) for word in re.findall(r"[\w-]+", normalize(text))))


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
    """Return the code of list ``confirm_type``; null for what was refused or planned («ожидается»)."""
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


def date(text: str) -> dt.date | None:
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
        return dt.date(year, month, day)
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
    """Return a Fitzpatrick type or a pair of neighbors: «II», «III тип», «II–III», «1/2»; a pair is never rounded.

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
        row = known.get(candidate) or stems.get(stem_key(candidate))
        if row is not None and row["status"] != "ambiguous":
            return Site(row["code"] or None, side_said)
    return Site(laterality=side_said, unmapped=True)


@cache
def _site_stems() -> dict[str, dict[str, str]]:
    return {stem_key(row["term"]): row for row in vocabulary.read("ru_site")}


def icd10(text: str) -> str | None:
    """Return an ICD-10 code in Latin letters without blanks: «С44.3», «C 44,3»; None where the cell holds none."""
    plain = re.sub(r"\s", "", text.upper()).translate(LOOK_ALIKE).replace(",", ".")
    found = re.search(r"[A-Z]\d{2}(?:\.\d{1,2})?", plain)
    return found.group(0) if found is not None else None
