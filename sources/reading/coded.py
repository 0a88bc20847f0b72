"""Columns of the schema out of what a publisher's table says, by the maps of ``schemas/codes``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from schemas import vocabulary

__all__ = ["Coded", "coded", "diagnosis_fields"]


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


def coded(source: str, *, sex: tuple[str, str], site: tuple[str, str], confirmed: tuple[str, str]) -> Coded:
    """Return sex, site and confirmation of a row.

    Parameters
    ----------
    source : str
        Name of the source, as the maps have it.
    sex, site, confirmed : tuple of (str, str)
        Name of the publisher's column, and its cell.
    """
    found_sex = vocabulary.mapped("map_other", source, *sex)
    found_site = vocabulary.mapped("map_site", source, *site)
    found_type = vocabulary.mapped("map_confirm", source, *confirmed)
    said = {"sex": (found_sex, sex), "site_path": (found_site, site), "confirm_type": (found_type, confirmed)}
    return Coded(
        fields={
            "sex": _value(found_sex, "our_value"),
            "site_path": _value(found_site, "site_path"),
            "site_special": _value(found_site, "site_special"),
            "laterality": _value(found_site, "laterality"),
            "confirm_type": _value(found_type, "confirm_type"),
        },
        unmapped={column: cell for column, (found, (_, cell)) in said.items() if found is None and cell},
    )


def _value(row: Mapping[str, str] | None, column: str) -> str | None:
    return (row[column] or None) if row is not None else None


def diagnosis_fields(source: str, column: str, cell: str, *, confirm_type: str | None) -> Coded:
    """Return the diagnosis columns of a row with one definite label by the publisher.

    Parameters
    ----------
    source, column, cell : str
        As in ``codes/map_diagnosis.csv``.
    confirm_type : str, optional
        How the label was confirmed.
    """
    if not cell:
        return Coded({"diagnosis_kind": "none"}, {})
    label = vocabulary.label(source, column, cell)
    said = {
        "raw": cell,
        "path": label.path,
        "candidates": list(label.candidates) or None,
        "kind": label.kind,
        "certainty": "definite",
        "rater_role": "publisher",
        "rank": 1,
        "confirm_type": confirm_type,
    }
    fields = {
        "diagnosis_path": label.path,
        "diagnosis_candidates": list(label.candidates) or None,
        "diagnosis_kind": label.kind,
        "diagnosis_certainty": "definite",
        "diagnoses": [said],
    }
    return Coded(fields, {"diagnosis_path": cell} if label.kind == "unmapped" else {})
