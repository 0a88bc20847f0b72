"""What a diagnosis in a Russian table means: doubt, alternatives, negation, history, abbreviations, word order."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cache

from schemas import vocabulary
from sources.reading.russian import is_empty, normalize, stem, stem_key

__all__ = ["Diagnosis", "Label", "common_path", "diagnosis", "nearest"]


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


_DOUBT = re.compile(
    r"\?|подозрени\w* на|susp?\.?(?:icio)?(?=\s)|под вопросом|нельзя исключить|не исключается|не исключен\w*|"
    r"исключить|вероятн\w*(?: всего)?|возможно|предположительно"
)
_DISEASES = r"(?:меланом|рак|базалиом|карцином|злокач|невус|кератоз|лентиго)"
_NEGATED = re.compile(
    r"без признаков|признак\w* [\w ]+ не |не выявлен|не обнаружен|не подтвержд|не получен|данных за .* нет|исключен|"
    rf"(?<!\w)не (?:похож\w* на |является |характерн\w* для )?{_DISEASES}|отрицательн"
)
_AFTER = re.compile(r"состояние после|после (?:иссечения|удаления|операции)")
_HISTORY = re.compile(rf"в анамнезе|{_AFTER.pattern}")
_BETWEEN = re.compile(
    r"\s+или\s+|\?\s+(?=[А-ЯЁа-яё])|\s*/\s*|\s*;\s*|\s*,\s*|\s*(?<![\w,.])\d[.)]\s+|\s+дифф?\.?\s+с\s+|\s+vs\.?\s+"
)


@cache
def _abbreviations() -> dict[str, dict[str, str]]:
    return {row["term"]: row for row in vocabulary.read("ru_diagnosis") if row["kind"] == "abbr"}


@cache
def _names() -> dict[str, dict[str, str]]:
    return {normalize(row["term"]): row for row in vocabulary.read("ru_diagnosis") if row["kind"] != "abbr"}


@cache
def _name_stems() -> tuple[tuple[frozenset[str], dict[str, str]], ...]:
    """Every term as a set of stems, the longest first."""
    found = [(frozenset(stem_key(row["term"]).split()), row) for row in _names().values()]
    return tuple(sorted(found, key=lambda item: (-len(item[0]), -len(item[1]["term"]), item[1]["term"])))


# What may stand beside the name of a disease without changing it: stage, form, size, course, and where it lies.
_BESIDE = re.compile(
    r"(?:кож\w*|форм\w*|вариант\w*|тип\w*|стади\w*|степен\w*|област\w*|част\w*|поверхност\w*|множествен\w*|единичн\w*|"
    r"одиночн\w*|солитарн\w*|рецидив\w*|первичн\w*|травм\w*|воспал\w*|раздраж\w*|изъязв\w*|крупн\w*|мелк\w*|гигантск\w*|"
    r"пигмент\w*|беспигмент\w*|узлов\w*|солидн\w*|плоск\w*|экзофит\w*|осложнен\w*|неосложнен\w*|диагноз\w*|кларк\w*|"
    r"бресло\w*|уровен\w*|толщин\w*|инвази\w*|узел\w*|очаг\w*|образован\w*|элемент\w*|мм|см|бду|p?t\w{0,4}|n\w|m\w|g\d|"
    r"[ivx]+|\d+\w*|c|с|и|в|на|под|за|у|со|от|до|к)"
)
# What makes another disease of it: a name beside such a word is not taken alone.
_CHANGES = re.compile(r"злокач|малигн|рак|карцином|сарком|меланом|лимфом|метаста|атипи|диспл|трансформ")
# «Меланома на фоне невуса», «рак из кератоза»: what it arose from is not what it is.
_ARISEN = re.compile(
    r"\s+(?:на фоне|из(?= )|на месте|развивш\w+ из|возникш\w+ (?:на фоне|на месте|из))\s+.*", re.IGNORECASE
)
_ALIKE = 0.85


# Latin words and spellings that tables mix with Russian ones.
_SPELT = (
    ("melanoma", "меланома"),
    ("naevus", "невус"),
    ("nevus", "невус"),
    ("basalioma", "базалиома"),
    ("шпитц", "шпиц"),
)


def _find(text: str) -> dict[str, str] | None:
    """Return what a piece of text names: the whole of it, an abbreviation, or the longest known term inside."""
    bare = _without_code(text).strip(" .,;:()")
    if normalize(bare) not in _names():
        for spelt, usual in _SPELT:
            bare = re.sub(spelt, usual, bare, flags=re.IGNORECASE)
    # Abbreviations count in upper case only: «АК» is a diagnosis, «ак» is not.
    for whole in (text.strip(), bare):
        if whole in _abbreviations():
            return _abbreviations()[whole]
    if (row := _names().get(normalize(bare))) is not None:
        return row
    if not bare.isupper():
        for word in re.findall(r"(?<![А-ЯЁа-яё])[А-ЯЁ]{2,6}(?![А-ЯЁа-яё])", bare):
            if word in _abbreviations():
                return _abbreviations()[word]
    return _inside(_ARISEN.sub("", bare)) if not _HISTORY.search(normalize(bare)) else _inside(bare)


def _without_code(text: str) -> str:
    """Return a text without codes of diseases and of morphology: «L21.0-Себорея головы», «БКР, 8090/3»."""
    plain = re.sub(r"(?<![\wА-Яа-я])[МM]?\d{4}\s?/\s?\d(?!\d)", " ", text)
    plain = re.sub(r"(?:код по |код )?(?:мкб|icd)[ -]?(?:10)?\s*:?", " ", plain, flags=re.IGNORECASE)
    return re.sub(r"(?<![\wА-Яа-я])[A-ZАВСЕНКМОРТХ] ?\d{2}(?:[.,]\d{1,2})?(?!\d)\s*[-:.]?", " ", plain)


def _inside(text: str) -> dict[str, str] | None:
    """Return the longest known term inside a text, where what stands beside it does not change what it is."""
    words = [word for word in re.findall(r"[\w-]+", normalize(text)) if word]
    stems = {stem(word): word for word in words}
    known = next((pair for pair in _name_stems() if pair[0] and pair[0] <= stems.keys()), None)
    if known is None:
        return None
    term, row = known
    beside = [word for each, word in stems.items() if each not in term]
    rest = frozenset(each for each in stems if each not in term)
    if any(_changes(word, row) or _is_misspelt(word) for word in beside):
        return None
    others = (other for other, named in _name_stems() if other and other <= rest and _differ(named, row))
    return row if next(others, None) is None else None


def _changes(word: str, row: dict[str, str]) -> bool:
    return word == "situ" or (_CHANGES.search(word) is not None and row["malignancy"] != "malignant")


def _differ(one: dict[str, str], other: dict[str, str]) -> bool:
    return bool(one["malignancy"]) and one["malignancy"] != other["malignancy"]


@cache
def _words() -> tuple[frozenset[str], tuple[str, ...]]:
    every = {word for term in _names() for word in re.findall(r"[\w-]+", term)}
    return frozenset(stem(word) for word in every), tuple(sorted(word for word in every if len(word) >= 6))


@cache
def _is_misspelt(word: str) -> bool:
    """Return whether a word looks like one of the vocabulary that it is not: «дисплостический»."""
    stems, words = _words()
    if len(word) < 6 or stem(word) in stems or _BESIDE.fullmatch(word):
        return False
    return bool(difflib.get_close_matches(word, words, n=1, cutoff=_ALIKE))


def nearest(text: str, count: int = 3) -> tuple[str, ...]:
    """Return the terms of the vocabulary that look like a text, for a person to choose from.

    Parameters
    ----------
    text : str
    count : int
        How many at most.
    """
    return tuple(difflib.get_close_matches(normalize(text), tuple(_names()), n=count, cutoff=0.6))


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
    parted = re.sub(rf"\s+({_AFTER.pattern}|без признаков|признаков \w+ не )", r"; \1", text, flags=re.IGNORECASE)
    pieces = [piece for piece in _BETWEEN.split(parted) if piece.strip(" .,;:()?")]
    named = [
        piece
        for piece in pieces
        if _find(_DOUBT.sub(" ", piece)) is not None
        or _HISTORY.search(normalize(piece))
        or _NEGATED.search(normalize(_strip_doubt(piece)))
    ]
    return named if len(named) > 1 else [text]


def _certainty(piece: str, *, doubted: bool) -> str:
    plain = normalize(_strip_doubt(piece))
    if _HISTORY.search(plain):
        return "history"
    if _NEGATED.search(plain):
        return "excluded"
    return "suspected" if doubted else "definite"


def common_path(paths: tuple[str, ...]) -> str | None:
    """Return the lowest node that lies above all paths; None where they differ from the first level on."""
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
        «Базалиома», «БКР?», «подозрение на меланому», «невус / себорейный кератоз?», «невус, признаков меланомы не
        выявлено».
    preliminary : bool
        True for a column of preliminary diagnoses: its labels are suspected.

    Notes
    -----
    A doubt mark gives certainty ``suspected`` with the path of the term. Several alternatives give ``differential``
    and candidates. What is denied or past is kept among the labels and is never the diagnosis of the row.
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
    return Diagnosis(common_path(paths), "group", "differential", candidates=paths, labels=alternatives)


def _strip_doubt(piece: str) -> str:
    return re.sub(r"\(\s*\)", " ", re.sub(_DOUBT.pattern, " ", piece, flags=re.IGNORECASE)).strip()
