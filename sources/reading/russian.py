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
    "Value",
    "age",
    "confirmation",
    "date",
    "icd10",
    "image_type",
    "is_empty",
    "normalize",
    "number",
    "phototype",
    "sex",
    "size_mm",
    "stem",
    "stem_key",
    "terms",
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
_LONGEST_METHOD = 6
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
def terms(name: str) -> dict[str, dict[str, str]]:
    """Return the rows of a list of Russian terms by their normalized term."""
    return {normalize(row["term"]): row for row in vocabulary.read(name)}


def _look_up(name: str, text: str) -> Value:
    if is_empty(text):
        return Value()
    row = terms(name).get(normalize(text))
    if row is None or row["status"] in {"ambiguous", "needs_profile"}:
        return Value(unmapped=True)
    return Value(row["code"] or None)


def sex(text: str) -> Value:
    """Return the code of list ``sex``: «М», «жен.», «мужской». Never read from a name; bare 1 and 2 need a profile."""
    return _look_up("ru_sex", text)


_NOT_DONE = re.compile(
    r"(?<!\w)(?:не|без|нет|отказ\w*)(?!\w)|ожида|направ|планир|назнач|в работе|рекоменд|предстоит|готовится|отказ"
)
# Stems that decide where the whole text is no known term, the strongest first.
_METHODS = (
    ("histopathology", re.compile(r"гистолог|патоморф|морфолог|иммуногист|биопси|операционн")),
    ("cytology", re.compile(r"цитолог|соскоб|пункци|отпечат")),
    ("confocal microscopy with consensus dermoscopy", re.compile(r"конфокал")),
    ("single image expert consensus", re.compile(r"консилиум|консенсус|экспертн")),
    ("serial imaging showing no change", re.compile(r"динамич|мониторинг")),
    ("single contributor clinical assessment", re.compile(r"клинич|осмотр|дерматоскоп|дермоскоп|визуальн")),
)


def confirmation(text: str) -> Value:
    """Return the code of list ``confirm_type``; null for what was refused or planned («ожидается»)."""
    known = _look_up("ru_confirmation", text)
    if not known.unmapped:
        return known
    plain = vocabulary.normalize(text)
    found = next((code for code, pattern in _METHODS if pattern.search(plain)), None)
    # A diagnosis is no method: a text that names one beside many other words is left to a person.
    if (found is None and not _NOT_DONE.match(plain)) or len(plain.split()) > _LONGEST_METHOD:
        return known
    return Value() if _NOT_DONE.search(plain) else Value(found)


_KINDS = (
    ("dermoscopic", re.compile(r"дерм[ао]т?оскоп|дермоскоп|эпилюмин|dermosc|dermatosc")),
    ("clinical: overview", re.compile(r"обзорн|общ(?:ий|ее) (?:вид|план)")),
    ("clinical: close-up", re.compile(r"макро|клин\w*\.? ?(?:фото|снимок|изображ)|крупн\w* план|close")),
)


def image_type(text: str) -> tuple[Value, str | None]:
    """Return the code of list ``image_type`` and, where said, of ``dermoscopic_type``."""
    row = terms("ru_image_type").get(normalize(text))
    known = _look_up("ru_image_type", text)
    if known.unmapped and len(found := {code for code, pattern in _KINDS if pattern.search(normalize(text))}) == 1:
        return Value(found.pop()), None
    return known, (row["dermoscopic_type"] or None) if row is not None else None


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
    in_cm = re.search(r"см|cm", plain) is not None or (unit == "cm" and re.search(r"мм|mm", plain) is None)
    return max(found) * (10.0 if in_cm else 1.0)


_MONTHS = ("янв", "фев", "мар", "апр", "ма", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")
_YEAR_WORD = r"(?:\s*г(?:од|ода)?\.?)?(?:\s*р(?:ожд\w*)?\.?)?"
_DATE = re.compile(rf"(\d{{1,2}})\s?[./-]\s?(\d{{1,2}})\s?[./-]\s?(\d{{4}}|\d{{2}}){_YEAR_WORD}(?:\s+[\d:]+)?$")
_ISO_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[\st][\d:.]+)?$")
_WORD_DATE = re.compile(rf"(\d{{1,2}}) ([а-я]+)\.? (\d{{4}}){_YEAR_WORD}$")
# Spreadsheets count days from 1899-12-30; of five digits only those of 1920 to 2060 are taken for a day.
_SERIAL, _DAY_ZERO, _SERIALS = re.compile(r"(\d{5})(?:\.0+)?$"), dt.date(1899, 12, 30), range(7306, 58_804)


def date(text: str) -> dt.date | None:
    """Return a date, day first always: «05.03.2021», «5.3.21», «2021-03-05», «12 мая 2021 г.»; None where it is none.

    Two-digit years up to 29 are 20xx, others 19xx.
    """
    plain = normalize(text)
    if (serial := _SERIAL.match(plain)) is not None and int(serial.group(1)) in _SERIALS:
        return _DAY_ZERO + dt.timedelta(days=int(serial.group(1)))
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
_OVER_AGE = re.compile(r"(?:(?:>|старше|более|свыше)\s*(\d{1,3})(?:\s*лет)?|(\d{1,3})\s*(?:\+|лет и старше))$")
_OLDEST = 120


def age(text: str) -> Age:
    """Return an age: «45», «45,0», «45 лет», «1 г. 3 мес.», «6 мес.», «3 недели», «старше 80»."""
    if is_empty(text):
        return Age()
    plain = re.sub(r"\s*(?:полных|на момент осмотра)", "", normalize(text))
    plain = re.sub(r"^(\d+)[.,]\d+(?= ?(?:лет|год|г))", r"\1", plain)
    if _BARE_AGE.match(plain):
        years = int(float(plain.replace(",", ".")))
        return Age(years=years, method="exact") if years <= _OLDEST else Age(unmapped=True)
    if (over := _OVER_AGE.match(plain)) is not None and int(over.group(1) or over.group(2)) <= _OLDEST:
        return Age(low=int(over.group(1) or over.group(2)), method="over")
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
    return _bare_phototype(plain)


_TONE_WORDS = re.compile(
    r"\([^()]*\)|фото ?тип\w*|тип\w*(?: кожи)?|по шкале|по (?:т\. ?)?фит?цпатрик\w*|fitzpatrick|фит?цпатрик\w*|fst|кожи"
)
_TONE = {"1": "I", "2": "II", "3": "III", "4": "IV", "5": "V", "6": "VI"} | {
    roman: roman.upper() for roman in ("i", "ii", "iii", "iv", "v", "vi")
}


def _bare_phototype(plain: str) -> Value:
    """Return a type or a pair of neighbors among other words: «II фототип по Фицпатрику», «тип III-IV», «2-й»."""
    bare = _TONE_WORDS.sub(" ", plain.replace("і", "i").replace("ѵ", "v"))
    bare = re.sub(r"(?<=[\divx])-?(?:ый|ий|ой|й)(?!\w)", "", bare).strip(" .,:;")
    said = re.split(r"\s*(?:-|/|или)\s*", bare)
    types = [_TONE[part] for part in said if part in _TONE]
    order = list(dict.fromkeys(_TONE.values()))
    if len(types) != len(said) or not 1 <= len(types) <= 2:
        return Value(unmapped=True)
    if len(types) == 2 and order.index(types[1]) - order.index(types[0]) != 1:
        return Value(unmapped=True)
    return Value("-".join(types))


def icd10(text: str) -> str | None:
    """Return an ICD-10 code in Latin letters without blanks: «С44.3», «C 44,3»; None where the cell holds none."""
    plain = re.sub(r"\s", "", text.upper()).translate(LOOK_ALIKE).replace(",", ".")
    found = re.search(r"[A-Z]\d{2}(?:\.\d{1,2})?", plain)
    return found.group(0) if found is not None else None
