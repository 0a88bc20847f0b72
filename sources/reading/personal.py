"""What may not enter a dataset: columns and texts that say who a person is, in English and Russian.

Rules of design/schema.md, section 8. A name of a column is enough to leave it out; a text is judged by its form,
because a clinic writes a name into a file name sooner than into a column called so.
"""

from __future__ import annotations

import re

from schemas.vocabulary import normalize

__all__ = ["personal_text", "refused_column"]

# What the name of a column says about its cells; the whole name counts, so that «image_name» stays.
_COLUMNS = {
    "a name": (
        r"(?:patient|first|last|full|family|given|middle|doctor|physician|nurse)[ -]?name|surname|initials|"
        r"ф\.? ?и\.? ?о\.?(?: .*)?|фамилия|имя|отчество|инициалы|врач|лечащий врач|пациент \(фио\)"
    ),
    "a date": (
        r"(?:birth|visit|admission|discharge|exam(?:ination)?|study|biopsy|surgery)[ -]?date|date[ -]?of[ -]?\w+|dob|"
        r"(?:birth|visit)day|дата(?: .*)?|день рождения|д\.? ?р\.?"
    ),
    "an address": (
        r"(?:home |post(?:al)? |street )?address|street|zip ?code|post ?code|"
        r"адрес(?: .*)?|прописка|место жительства"
    ),
    "a phone number": r"(?:tele)?phone(?:[ -]?(?:no|number))?|mobile|телефон(?: .*)?|тел\.?|моб\.?",
    "an e-mail address": r"e-?mail(?: address)?|эл\.? ?почта|электронная почта",
    "a number of a document": (
        r"ssn|social security.*|passport(?: .*)?|insurance[ -]?(?:id|no|number)|"
        r"снилс|полис(?: .*)?|омс|паспорт(?: .*)?|инн|№ ?полиса"
    ),
    "a medical record number": (
        r"mrn|medical[ -]?record(?:[ -]?(?:no|number|id))?|chart[ -]?no|№ ?карты|номер карты|история болезни"
    ),
    "a place on the map": r"gps(?:[ -]\w+)?|latitude|longitude|широта|долгота|координаты",
    "a serial number": r"(?:device|body|lens)?[ -]?serial(?:[ -]?(?:no|number))?|серийный номер",
    "origin or race": r"race(?:[ -]\w+)*|ethnic(?:ity|[ -]group)|background[ -](?:father|mother)|национальность|раса",
    "living conditions": r"income|has[ -](?:piped[ -]water|sewage[ -]system)|pesticide|доход",
}
_PATTERNS = {what: re.compile(pattern) for what, pattern in _COLUMNS.items()}

_LETTERS = r"A-Za-zА-Яа-яЁё"
_TEXTS = {
    "an e-mail address": re.compile(r"[\w.+-]+@[\w-]+\.[\w.]{2,}"),
    "a number of a document": re.compile(r"(?<!\d)\d{3}-\d{3}-\d{3}[ -]\d{2}(?!\d)"),
    "a phone number": re.compile(
        r"(?<![\d_])(?:\+7|8|\+\d{1,3})[ (-]{1,2}\d{3}[ )-]{1,2}\d{3}[ -]?\d{2}[ -]?\d{2}(?!\d)"
    ),
    "a full date": re.compile(
        r"(?<!\d)(?:(?:0?[1-9]|[12]\d|3[01])[./](?:0?[1-9]|1[0-2])[./](?:19|20)\d\d"
        r"|(?:19|20)\d\d[-._](?:0[1-9]|1[0-2])[-._](?:0[1-9]|[12]\d|3[01])"
        r"|(?<=img_)(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))(?!\d)",
        re.IGNORECASE,
    ),
    # Surname and two initials, or a patronymic.
    "a name": re.compile(
        rf"(?<![{_LETTERS}])(?:[A-ZА-ЯЁ][a-zа-яё]{{2,}}[ _][A-ZА-ЯЁ]\.[ _]?[A-ZА-ЯЁ](?:\.|(?![{_LETTERS}]))"
        rf"|[А-ЯЁа-яё]{{3,}}(?:ович|евич|овна|евна|инична)(?![{_LETTERS}])"
        rf"|[A-Z][a-z]{{2,}}(?:ovich|evich|ovna|evna)(?![{_LETTERS}]))"
    ),
}


def refused_column(name: str) -> str | None:
    """Return what a column is that may not be taken, by its name; None for a column that may.

    Parameters
    ----------
    name : str
        As the table has it.
    """
    plain = normalize(name).replace("_", " ").strip(" .:")
    return next((what for what, pattern in _PATTERNS.items() if pattern.fullmatch(plain)), None)


def personal_text(text: str) -> str | None:
    """Return what a text gives away of a person: a name, a date, a number, an address; None where nothing was seen."""
    return next((what for what, pattern in _TEXTS.items() if pattern.search(text)), None)
