"""Columns of the schema out of what a publisher's table says, by the maps of ``schemas/codes``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from schemas import vocabulary

__all__ = ["Coded", "coded", "diagnosis_fields", "flat_label", "rating", "skin_tone", "tree_rating"]


@dataclass(frozen=True, slots=True)
class Coded:
    """What some cells of a row mean.

    Parameters
    ----------
    fields : mapping
        Columns of ``samples``.
    unmapped : mapping of str to str
        Column to the cell for which no table has a code.
    """

    fields: Mapping[str, object]
    unmapped: Mapping[str, str]

    @property
    def confirm_type(self) -> str | None:
        """Code of list ``confirm_type``, where it is among the fields."""
        found = self.fields.get("confirm_type")
        return found if isinstance(found, str) else None


def coded(
    source: str,
    *,
    sex: tuple[str, str] | None = None,
    site: tuple[str, str] | None = None,
    confirmed: tuple[str, str] | None = None,
) -> Coded:
    """Return sex, site and confirmation of a row, as far as the publisher gives them.

    Parameters
    ----------
    source : str
        Name of the source, as the maps have it.
    sex, site, confirmed : tuple of (str, str), optional
        Name of the publisher's column, and its cell.
    """
    fields: dict[str, object] = {}
    unmapped: dict[str, str] = {}
    for said, table, column, names in (
        (sex, "map_other", "sex", {"sex": "our_value"}),
        (site, "map_site", "site_path", {name: name for name in ("site_path", "site_special", "laterality")}),
        (confirmed, "map_confirm", "confirm_type", {"confirm_type": "confirm_type"}),
    ):
        if said is None:
            continue
        found = vocabulary.mapped(table, source, *said)
        fields |= {ours: (found[theirs] or None) if found is not None else None for ours, theirs in names.items()}
        if found is None and said[1]:
            unmapped[column] = said[1]
    return Coded(fields, unmapped)


def skin_tone(
    source: str, column: str, cell: str, *, scale: str, rater: str, rater_role: str, gradable: bool | None = None
) -> Coded:
    """Return a rating of skin tone as the only element of ``skin_tones``; nothing where the cell says nothing.

    Parameters
    ----------
    source, column, cell : str
        As in ``codes/map_other.csv``; there a cell that says "not rated" has an empty value.
    scale, rater, rater_role, gradable : str, bool
        As in the schema.
    """
    if not cell:
        return Coded({}, {})
    found = vocabulary.mapped("map_other", source, column, cell)
    if found is None:
        return Coded({}, {"skin_tones": cell})
    if not found["our_value"]:
        return Coded({}, {})
    who = {"rater": rater, "rater_role": rater_role, "gradable": gradable}
    return Coded({"skin_tones": [{"scale": scale, "value": found["our_value"], **who}]}, {})


def rating(source: str, column: str, cell: str, **said: object) -> dict[str, object]:
    """Return a label of the publisher as an element of column ``diagnoses``.

    Parameters
    ----------
    source, column, cell : str
        As in ``codes/map_diagnosis.csv``.
    **said
        Further fields of the element; certainty is ``definite``, the role of the rater ``publisher`` and the rank 1
        where they are not given.
    """
    label = vocabulary.label(source, column, cell)
    return {
        "raw": cell,
        "path": label.path,
        "candidates": list(label.candidates) or None,
        "kind": label.kind,
        "certainty": "definite",
        "rater_role": "publisher",
        "rank": 1,
        **said,
    }


def tree_rating(path: str, **said: object) -> dict[str, object]:
    """Return a label that the publisher writes as a path of the diagnosis tree, as an element of ``diagnoses``.

    Parameters
    ----------
    path : str
        Names of nodes from the first level down, joined by ``:``; what is no path of the tree is unmapped.
    **said
        Further fields of the element, as in `rating`.
    """
    known = vocabulary.diagnosis(path) is not None
    return {
        "raw": path,
        "path": path if known else None,
        "candidates": None,
        "kind": ("exact" if ":" in path else "top") if known else "unmapped",
        "certainty": "definite",
        "rater_role": "publisher",
        "rank": 1,
        **said,
    }


def flat_label(chosen: Mapping[str, object] | None, ratings: Sequence[Mapping[str, object]]) -> Coded:
    """Return the diagnosis columns of a row: one label in the flat columns, all of them in ``diagnoses``.

    Parameters
    ----------
    chosen : mapping or None
        The rating that counts; None where none does, by the rule of the source.
    ratings : sequence of mapping
        Every rating, in the order of the source.
    """
    fields: dict[str, object] = {"diagnosis_kind": "none", "diagnoses": [dict(each) for each in ratings] or None}
    if chosen is not None:
        fields |= {f"diagnosis_{name}": chosen[name] for name in ("path", "candidates", "kind", "certainty")}
    unmapped = [str(each["raw"]) for each in ratings if each["kind"] == "unmapped"]
    return Coded(fields, {"diagnosis_path": unmapped[0]} if unmapped else {})


def diagnosis_fields(source: str, column: str, cell: str, *, confirm_type: str | None = None) -> Coded:
    """Return the diagnosis columns of a row with one definite label by the publisher.

    Parameters
    ----------
    source, column, cell : str
        As in ``codes/map_diagnosis.csv``; an empty cell is no label.
    confirm_type : str, optional
        How the label was confirmed.
    """
    if not cell:
        return Coded({"diagnosis_kind": "none"}, {})
    said = rating(source, column, cell, confirm_type=confirm_type)
    return flat_label(said, [said])
