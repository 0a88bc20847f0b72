"""Where on the body: Russian words for a place, in every case and order, and the side."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from schemas import vocabulary
from sources.reading.russian import Value, is_empty, normalize, stem, stem_key, terms

__all__ = ["Site", "laterality", "site"]


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


# What a word stands for: short forms, and prepositions that make another place of it.
_SHORT = (
    (r"груд\.", "грудная"), (r"перед\.", "передняя"), (r"задн?\.", "задняя"), (r"обл\.", "область"),
    (r"пов(?:-ть|ерхн)?\.?(?= |$)", "поверхность"), (r"кон(?:-ть|-сть|ечн)\.?", "конечность"),
    (r"в\.? ?ч\.? ?(?:г|головы)\.?", "волосистая часть головы"), (r"вол\. ?часть", "волосистая часть"),
    (r"[внс]/3|(?:верхн|нижн|средн)\w+ треть", ""), (r"под лопатк\w+", "подлопаточная область"),
    (r"между лопат\w+", "межлопаточная область"), (r"над ключиц\w+", "надключичная область"),
    (r"под ключиц\w+", "подключичная область"), (r"под колен\w+", "подколенная область"),
)  # fmt: skip
_NEAR = re.compile(r"(?<!\w)(?:за|около|возле|рядом|под|над|между|позади|вблизи|от|до)(?!\w)")
_EITHER = re.compile(r"\s*/\s*|\s+и(?:ли)?\s+|;")
_BARE_SIDES = (
    ("left", re.compile(r"^л\.? (?=\w)|(?<=\w) л\.?$|\(л\.?\)")),
    ("right", re.compile(r"^п\.? (?=\w)|(?<=\w) п\.?$|\(п\.?\)")),
)


def site(text: str) -> Site:
    """Return site and side: «спина», «голень (слева)», «правый висок», «кожа щеки», «передняя поверхность шеи»."""
    if is_empty(text):
        return Site()
    plain = normalize(text)
    rest, sides = _without_side(plain)
    side_said = sides[0] if len(sides) == 1 else None
    known, stems = terms("ru_site"), _site_stems()
    for candidate in (plain, rest, re.sub(r"^(?:кожа|область) ", "", rest)):
        row = known.get(candidate) or stems.get(stem_key(candidate))
        if row is not None and row["status"] != "ambiguous":
            return Site(row["code"] or None, side_said)
    path = _composed(rest)
    return Site(path, side_said, unmapped=path is None)


def _without_side(plain: str) -> tuple[str, list[str]]:
    rest, sides = plain, []
    for side, pattern in (*_SIDES, *_BARE_SIDES):
        if pattern.search(rest):
            sides.append(side)
            rest = pattern.sub(" ", rest)
    return normalize(re.sub(r"[()]", " ", rest)), list(dict.fromkeys(sides))


def _composed(rest: str) -> str | None:
    """Return the place that the words of a text name together; of several places what they have in common."""
    for short, whole in _SHORT:
        rest = re.sub(rf"(?<!\w)(?:{short})", f"{whole} ", rest)
    if _NEAR.search(rest):
        return None
    pieces = [piece for each in _EITHER.split(rest) if (piece := _deepest(each)) is not None]
    if not pieces or (len(pieces) == 1 and len(_EITHER.split(rest)) > 1):
        return pieces[0] if pieces else None
    return pieces[0] if len(pieces) == 1 else _shared(pieces)


def _deepest(words: str) -> str | None:
    """Return the place that nested words name: «правая голень, передняя поверхность», «туловище (спина)»."""
    stems = frozenset(stem(word) for word in re.findall(r"[\w-]+", words))
    found = [(term, row["code"]) for term, row in _as_sets() if term <= stems]
    longest = [code for term, code in found if not any(term < other for other, _ in found)]
    paths = sorted(set(longest), key=len)
    if not paths:
        return None
    chained = all(vocabulary.is_ancestor(path, paths[-1]) for path in paths)
    return paths[-1] if chained else _shared(paths)


def _shared(paths: list[str]) -> str | None:
    shared: list[str] = []
    for level in zip(*(path.split(":") for path in paths), strict=False):
        if len(set(level)) > 1:
            break
        shared.append(level[0])
    return ":".join(shared) or None


@cache
def _as_sets() -> tuple[tuple[frozenset[str], dict[str, str]], ...]:
    rows = (row for row in vocabulary.read("ru_site") if row["code"] and row["status"] in {"exact", "official"})
    return tuple((frozenset(stem_key(row["term"]).split()), row) for row in rows)


@cache
def _site_stems() -> dict[str, dict[str, str]]:
    return {stem_key(row["term"]): row for row in vocabulary.read("ru_site")}
