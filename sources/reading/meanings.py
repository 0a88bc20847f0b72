"""What a column of an unknown Russian table could mean: by the words of its name, and by what its cells hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sources.reading import russian, russian_codes, russian_site
from sources.reading.images import ENDINGS
from sources.reading.redaction import is_person, is_snils
from sources.reading.russian_diagnosis import diagnosis
from sources.reading.sheets import header_key

__all__ = ["Guess", "by_words", "fits", "guess", "share"]

# In this order: «Гист. заключение» is histology before it is a conclusion, «Тип снимка» a kind before a picture.
_THING = r"(?:очаг|образовани|новообразовани|элемент|невус)"
_WORDS: tuple[tuple[str, str], ...] = (
    ("lesion", rf"(?:№|номер|код|id) ?{_THING}|{_THING}\w* ?(?:№|n\b|id\b|номер)"),
    ("birth_date", r"дата рожд|д\.? ?р\.?$|день рожд|birth"),
    ("birth_year", r"год рожд|г\.? ?р\.?$|^род\b|г\. рожд|рожд"),
    ("visit_date", r"дата|визит|когда"),
    ("image_type", r"(?:вид|тип|метод|способ|режим) (?:с[ън][её]мки|съ[её]мки|снимк|изображ|фото|кадр)|модальност"),
    ("breslow", r"бресл|breslow|толщин"),
    ("size", r"размер|диаметр|наибольш|^d\b.*мм|, ?(?:мм|см)$|\((?:мм|см)\)$"),
    ("phototype", r"фототип|тип кожи|фит?цпатри|fitzpatrick"),
    ("icdo3", r"мкб.{0,3}[оo]\b|icd.?o|морфологическ\w* код|код морфолог|морфокод"),
    ("icd10", r"мкб|icd|код диагноза|код заболевания|шифр"),
    ("histology", r"гист|патоморф|морфолог|пги\b|биопси|патолог"),
    ("confirmation", r"верифик|подтвержд|метод (?:диагност|установ)|основание|чем установлен"),
    ("sex", r"^пол\b|м ?/ ?ж|^sex|^gender|пол (?:пациент|больн)"),
    ("age", r"возраст|полных лет|^лет$|^age"),
    ("images", r"фото|сним|файл|изображ|картин|обзор|макро|дерматоскоп|дермоскоп|image|file|скан|кадр"),
    ("diagnosis", r"диагн|^ds\b|^дз\b|заключен|нозолог|класс|болезнь|патологи|что это|вид образован|образование"),
    ("site", r"локализ|область|топограф|зона|очаг|место|где|располож|анатом|участок|часть тела"),
    ("laterality", r"сторона|латеральн|^бок$"),
    ("device", r"аппарат|прибор|камера|устройств|оборудован"),
    ("patient", r"пациент|больн|фио|ф\.? ?и\.? ?о|фамил|снилс|полис|карт|и/б|истори|^id\b|^код$|обследуем|клиент"),
)  # fmt: skip
_PATTERNS = tuple((meaning, re.compile(pattern)) for meaning, pattern in _WORDS)
_FILE = re.compile(rf"[^\s;,]+?(?:{'|'.join(re.escape(ending) for ending in sorted(ENDINGS))})\b", re.IGNORECASE)
_SIZE = re.compile(r"^\D{0,6}\d+(?:[.,]\d+)?\s*(?:[xх×*]\s*\d+(?:[.,]\d+)?\s*){0,2}(?:мм|см|mm|cm)?\.?$", re.IGNORECASE)
_NUMBER = re.compile(r"^\d+(?:[.,]\d+)?$")
_YEAR = re.compile(r"^(?:19|20)\d\d(?:\s*г\.?)?(?:\s*р\.?)?(?:ожд\w*\.?)?$")


def _is_sex(cell: str) -> bool:
    return russian.sex(cell).code is not None or cell in {"1", "2"}


def _is_age(cell: str) -> bool:
    return russian.age(cell).method is not None or _YEAR.match(cell) is not None


def _is_code_of_disease(cell: str) -> bool:
    codes = russian_codes.icd10_codes(cell)
    known = all(russian_codes.icd10_meaning(code).kind != "unmapped" for code in codes)
    return bool(codes) and known and len(cell) <= 12 * len(codes)


def _names_disease(cell: str) -> bool:
    found = diagnosis(cell)
    return found.path is not None or bool(found.candidates)


_CHECKS: Mapping[str, Callable[[str], bool]] = {
    "sex": _is_sex,
    "age": _is_age,
    "birth_date": lambda cell: russian.date(cell) is not None or _YEAR.match(cell) is not None,
    "birth_year": lambda cell: russian.date(cell) is not None or _YEAR.match(cell) is not None,
    "visit_date": lambda cell: russian.date(cell) is not None,
    "phototype": lambda cell: russian.phototype(cell).code is not None,
    "site": lambda cell: russian_site.site(cell).path is not None,
    "laterality": lambda cell: russian_site.laterality(cell).code is not None,
    "diagnosis": _names_disease,
    "histology": lambda cell: _names_disease(cell) or not russian.confirmation(cell).unmapped,
    "icd10": _is_code_of_disease,
    "icdo3": lambda cell: bool(russian_codes.icdo3_codes(cell)),
    "confirmation": lambda cell: not russian.confirmation(cell).unmapped,
    "image_type": lambda cell: russian.image_type(cell)[0].code is not None,
    "size": lambda cell: _SIZE.match(cell) is not None,
    "breslow": lambda cell: _SIZE.match(cell) is not None,
    "images": lambda cell: _FILE.search(cell) is not None,
    "patient": lambda cell: is_person(cell) or is_snils(cell) or not _NUMBER.match(cell) or len(cell) >= 3,
}
# Without a word in the name, cells must say it almost all, and in no way that another meaning has as well.
_BY_CELLS: tuple[tuple[str, float], ...] = (
    ("images", 0.8), ("icdo3", 0.8), ("icd10", 0.8), ("image_type", 0.8), ("confirmation", 0.8), ("sex", 0.9),
    ("site", 0.7), ("diagnosis", 0.6), ("laterality", 0.9),
)  # fmt: skip
_AMBIGUOUS_CELLS = re.compile(r"^(?:[\d.,\s]+|[IVX1-6]+|.)$")
_ENOUGH, _SURE = 0.3, 0.9
_UNMISTAKABLE = ("images", "icdo3", "icd10")


@dataclass(frozen=True, slots=True)
class Guess:
    """What a column seems to mean.

    Parameters
    ----------
    meaning : str
        A meaning of a profile, or ``patient``, ``lesion``, ``images``.
    share : float
        Part of its cells that say so, 0..1.
    named : bool
        Whether its name says so.
    """

    meaning: str
    share: float
    named: bool


def by_words(name: str) -> list[str]:
    """Return the meanings that the words of a name allow, the likeliest first."""
    plain = header_key(name)
    return [meaning for meaning, pattern in _PATTERNS if pattern.search(plain)]


def fits(meaning: str, cell: str) -> bool:
    """Return whether a cell can say this."""
    check = _CHECKS.get(meaning)
    return check is None or check(cell)


def share(meaning: str, cells: Sequence[str]) -> float:
    """Return the part of cells that can say this; 1 for a meaning that any text has."""
    said = [cell for cell in cells if not russian.is_empty(cell)]
    return sum(fits(meaning, cell) for cell in said) / len(said) if said else 1.0


def guess(name: str, cells: Sequence[str]) -> Guess | None:
    """Return what a column seems to mean; None where nothing speaks for any meaning.

    Parameters
    ----------
    name : str
        Its name.
    cells : sequence of str
        Its cells that are not blank.
    """
    said = [cell for cell in cells if not russian.is_empty(cell)]
    # Codes and files are what they are, whatever the column is called: «Код» is one of patients or of diseases.
    for meaning in _UNMISTAKABLE if said else ():
        if (found := share(meaning, said)) >= _SURE:
            return Guess(meaning, found, named=meaning in by_words(name))
    for meaning in by_words(name):
        found = share(meaning, said)
        if found >= _ENOUGH:
            return Guess(meaning, found, named=True)
    telling = [cell for cell in said if not _AMBIGUOUS_CELLS.match(cell)]
    if len(telling) * 2 < len(said) or not said:
        return None
    for meaning, enough in _BY_CELLS:
        found = share(meaning, said)
        if found >= enough:
            return Guess(meaning, found, named=False)
    return None
