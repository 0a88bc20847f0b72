"""What a diagnosis in a Russian table means: doubt, alternatives, negation, history, abbreviations, word order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from schemas import vocabulary
from sources.reading.russian import is_empty, normalize, stem_key

__all__ = ["Diagnosis", "Label", "diagnosis"]


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
    r"\?|подозрени\w* на|susp\.?(?:icio)?|под вопросом|нельзя исключить|не исключается|не исключен\w*|"
    r"вероятно|возможно|предположительно"
)
_NEGATED = re.compile(r"без признаков|признак\w* \w+ не |не выявлен|не обнаружен|данных за .* нет|исключен")
_AFTER = re.compile(r"состояние после|после (?:иссечения|удаления|операции)")
_HISTORY = re.compile(rf"в анамнезе|{_AFTER.pattern}")
_BETWEEN = re.compile(r"\s+или\s+|\s*/\s*|\s*;\s*|\s*,\s*|\s*(?<![\w,.])\d[.)]\s+|\s+дифф?\.?\s+с\s+|\s+vs\.?\s+")


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


def _find(text: str) -> dict[str, str] | None:
    """Return what a piece of text names: the whole of it, an abbreviation, or the longest known term inside."""
    bare = text.strip(" .,;:()")
    # Abbreviations count in upper case only: «АК» is a diagnosis, «ак» is not.
    for whole in (text.strip(), bare):
        if whole in _abbreviations():
            return _abbreviations()[whole]
    if (row := _names().get(normalize(bare))) is not None:
        return row
    for word in re.findall(r"[А-ЯЁ]{2,6}", bare):
        if word in _abbreviations():
            return _abbreviations()[word]
    stems = frozenset(stem_key(bare).split())
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
    parted = re.sub(rf"\s+({_AFTER.pattern})", r"; \1", text, flags=re.IGNORECASE)
    pieces = [piece for piece in _BETWEEN.split(parted) if piece.strip(" .,;:()?")]
    named = [
        piece for piece in pieces if _find(_DOUBT.sub(" ", piece)) is not None or _HISTORY.search(normalize(piece))
    ]
    return named if len(named) > 1 else [text]


def _certainty(piece: str, *, doubted: bool) -> str:
    plain = normalize(_strip_doubt(piece))
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
    return Diagnosis(_common(paths), "group", "differential", candidates=paths, labels=alternatives)


def _strip_doubt(piece: str) -> str:
    return re.sub(r"\(\s*\)", " ", re.sub(_DOUBT.pattern, " ", piece, flags=re.IGNORECASE)).strip()
