"""Personal data inside the texts of Russian tables: found by form, and by the names that the table itself gives.

Patterns of design/sources/russian_sources.md, section 6. What is found is replaced, never quoted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache

from schemas import vocabulary
from sources.reading.personal import personal_text
from sources.reading.russian import normalize, stem, stem_key

__all__ = ["REDACTED", "Redactor", "is_person", "is_snils", "personal_kind", "surname_of"]

REDACTED = "[…]"
_CAPITAL = r"[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?"
_NOT_A_NAME = r"(?:тип|вид|код|диагноз|пол|возраст|болезнь|невус|синдром|опухоль)"
_NAMES = (
    re.compile(
        rf"(?<![А-ЯЁа-яё])(?!{_NOT_A_NAME}\b){_CAPITAL}[\s_]+[А-ЯЁ]\.\s?[А-ЯЁ](?:\.|(?![А-ЯЁа-яё]))", re.UNICODE
    ),
    re.compile(rf"(?<![А-ЯЁа-яё])[А-ЯЁ]\.\s?[А-ЯЁ]\.\s?{_CAPITAL}"),
    # Name and patronymic in any case: «Иван Петрович», «Марии Ивановны», whole or after the surname.
    re.compile(
        rf"(?:{_CAPITAL}\s+){{0,2}}(?<![А-ЯЁа-яё])[А-ЯЁ][а-яё]+"
        r"(?:вич|вича|вичу|вичем|виче|вна|вны|вне|вну|вной|ична|ичны|ичне|ичну|ичной|оглы|кызы)(?![А-ЯЁа-яё])"
    ),
    re.compile(r"(?<![А-ЯЁа-яё])[А-ЯЁ]{3,}\s+[А-ЯЁ]\.\s?[А-ЯЁ](?:\.|(?![А-ЯЁа-яё]))"),
    re.compile(r"(?<![А-ЯЁа-яё])[А-ЯЁ]{3,}\s+[А-ЯЁ]{2,}\s+[А-ЯЁ]+(?:ВИЧ|ВНА|ИЧНА|ОГЛЫ|КЫЗЫ)(?![А-ЯЁа-яё])"),
)
_PHONE = re.compile(r"(?<![\d/])(?:\+\s?7|8|7(?=[\s(-]))[\s(-]*\d{3}[\s)-]*\d{3}[\s-]*\d{2}[\s-]*\d{2}(?!\d)")
_CITY_PHONE = re.compile(r"(?<![А-Яа-яё])(?:тел|моб|т)\w*\.?\s*:?\s*\(?\d[\d\s()-]{4,}\d", re.IGNORECASE)
_SNILS = re.compile(r"(?<!\d)\d{3}[- ]?\d{3}[- ]?\d{3}[- ]?\d{2}(?!\d)")
_POLICY = re.compile(r"(?<!\d)\d{4}[ -]?\d{4}[ -]?\d{4}[ -]?\d{4}(?!\d)")
_WORDED_NUMBER = re.compile(
    r"(?:паспорт|полис|омс|енп|снилс|страхов\w*|серия|инн)\w*[\s:№.,]*(?:\w{0,3}\s)?[\d\s№-]{4,}\d", re.IGNORECASE
)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]{2,}|(?<!\w)@\w{3,}")
_ADDRESS = re.compile(
    r"(?<![А-Яа-яё])(?:ул|пр-т|просп|пер|обл|р-н|бул|наб|ш|пос)\.\s?[А-ЯЁ]\S*(?:[\s,]+(?:д|дом|кв|корп|стр)\.?\s?\d+\w?)*"
    r"|(?<![А-Яа-яё])(?:улица|проспект|переулок)\s+[А-ЯЁ]\S*(?:[\s,]+(?:д|дом|кв|корп)\.?\s?\d+\w?)*"
    r"|(?<![А-Яа-яё])(?:г|д|кв)\.\s?[А-ЯЁ][а-яё]{3,}(?:[\s,]+(?:д|дом|кв|корп)\.?\s?\d+\w?)*"
    r"|(?<![А-Яа-яё])(?:д|кв|дом)\.?\s?\d+(?:,\s?(?:д|кв|дом)\.?\s?\d+)+",
)
_BIRTH = re.compile(
    r"(?<!\d)(?:0?[1-9]|[12]\d|3[01])[./-](?:0?[1-9]|1[0-2])[./-](?:(?:19|20)\d\d|\d\d)(?!\d)(?:\s?г\.?\s?р\.?)?"
    r"|(?<!\d)(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?!\d)"
    r"|(?<!\d)(?:19|20)\d\d\s?г\.\s?р\.?"
)
# A date without separators, a policy and a СНИЛС look like the numbers of a camera: in file names only with separators.
_ALWAYS = (_MAIL, _WORDED_NUMBER, _PHONE, _CITY_PHONE, _ADDRESS, _BIRTH, *_NAMES)
_LATIN = str.maketrans(
    dict(
        zip(
            "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
            [
                "a",
                "b",
                "v",
                "g",
                "d",
                "e",
                "e",
                "zh",
                "z",
                "i",
                "y",
                "k",
                "l",
                "m",
                "n",
                "o",
                "p",
                "r",
                "s",
                "t",
                "u",
                "f",
                "kh",
                "ts",
                "ch",
                "sh",
                "shch",
                "_",
                "y",
                "_",
                "e",
                "yu",
                "ya",
            ],
            strict=True,
        )
    )
    | {"ъ": "", "ь": ""}
)


def is_snils(text: str) -> bool:
    """Return whether a text is a number of the pension fund, by its check digits.

    Notes
    -----
    Sum of digit times (10 - position) over the nine digits, modulo 101, 100 as 00; numbers up to 001-001-998 have no
    check digits.
    """
    digits = [int(each) for each in re.sub(r"[- ]", "", text) if each.isdigit()]
    if len(digits) != 11:
        return False
    weighted = sum(digit * (9 - at) for at, digit in enumerate(digits[:9]))
    return weighted % 101 % 100 == digits[9] * 10 + digits[10]


def is_person(text: str) -> bool:
    """Return whether a text is the name of a person: «Иванов И.И.», «Иванова Мария Петровна», «Иванов Иван»."""
    plain = " ".join(text.split()).strip(" ,;")
    if any(pattern.match(plain) for pattern in _NAMES):
        return True
    words = plain.split()
    named = all(re.fullmatch(rf"{_CAPITAL}|[А-ЯЁ]+", word) and not _is_medical(word) for word in words)
    return 1 <= len(words) <= 4 and named and _looks_like_surname(words[0])


_SURNAME = re.compile(
    r"(?:[оеё]в|ин|ын|ск(?:ий|ой)|цк(?:ий|ой)|[оеё]ва|ина|ына|ская|цкая|енко|[чщ]ук|юк|як|ян|дзе|швили|их|ых)$"
)


def _looks_like_surname(word: str) -> bool:
    return _SURNAME.search(word.casefold()) is not None


@cache
def _medical() -> frozenset[str]:
    lists = ("ru_diagnosis", "ru_site", "ru_confirmation", "ru_image_type")
    return frozenset(part for name in lists for row in vocabulary.read(name) for part in stem_key(row["term"]).split())


def _is_medical(word: str) -> bool:
    return stem(normalize(word)) in _medical()


def surname_of(name: str) -> str | None:
    """Return the first word of a person's name that can tell who it is; None for initials and words of medicine."""
    words = (match.group(0) for match in re.finditer(r"[А-ЯЁа-яё-]+", name))
    return next((word for word in words if len(word) >= 4 and not _is_medical(word)), None)


def personal_kind(text: str) -> str | None:
    """Return what a text gives away of a person, by its form; None where nothing was seen."""
    if (what := personal_text(text)) is not None:
        return what
    if any(pattern.search(text) for pattern in _ALWAYS):
        return "a name, a date, a number or an address"
    numbers = (match.group(0) for match in _SNILS.finditer(text))
    return "a number of a document" if any(map(is_snils, numbers)) or _POLICY.search(text) else None


class Redactor:
    """Takes personal data out of texts and counts.

    Parameters
    ----------
    names : iterable of str
        Names of persons in the columns that hold them: their surnames are looked for in every text, in any case, in
        Russian and in Latin letters.

    Attributes
    ----------
    count : int
        What was taken out so far.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        surnames = {surname for name in names if (surname := surname_of(name)) is not None}
        stems = {_trunk(surname.casefold()) for surname in surnames}
        latin = {_trunk(surname.casefold()).translate(_LATIN) for surname in surnames}
        self._known = _any_of(stems, r"[А-Яа-яЁё]")
        self._known_latin = _any_of({each for each in latin if len(each) >= 4}, r"[A-Za-z]")
        self.count = 0

    def __call__(self, text: str) -> str:
        """Return a text without what says who a person is."""
        for pattern in _ALWAYS:
            text = pattern.sub(self._gone, text)
        text = _SNILS.sub(self._only(is_snils), text)
        text = _POLICY.sub(self._gone, text)
        for known in (self._known, self._known_latin):
            if known is not None:
                text = known.sub(self._only(lambda word: not _is_medical(word)), text)
        if personal_text(text) is not None:
            self.count += 1
            return REDACTED
        return text

    def clean(self, text: str) -> bool:
        """Return whether a text says nothing of a person; does not count."""
        before = self.count
        same = self(text) == text
        self.count = before
        return same

    def _gone(self, _: re.Match[str]) -> str:
        self.count += 1
        return REDACTED

    def _only(self, holds: Callable[[str], bool]) -> Callable[[re.Match[str]], str]:
        return lambda match: self._gone(match) if holds(match.group(0)) else match.group(0)


def _trunk(surname: str) -> str:
    """Return what stays of a surname in all its cases."""
    return re.sub(r"(?:ого|ому|ым|ой|ую|ая|ий|ый|а|я|у|ы|е|ом|ем)$", "", surname) if len(surname) > 4 else surname


def _any_of(trunks: Iterable[str], letters: str) -> re.Pattern[str] | None:
    listed = sorted((each for each in trunks if len(each) >= 3), key=lambda each: (-len(each), each))
    if not listed:
        return None
    inside = letters[1:-1]
    joined = "|".join(re.escape(each) for each in listed)
    return re.compile(rf"(?<![{inside}])(?:{joined})[{inside}]{{0,3}}(?![{inside}])", re.IGNORECASE)
