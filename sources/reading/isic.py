"""What tables of the ISIC Archive and of its challenges have in common: ids, licences, one-hot classes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from schemas import vocabulary
from sources.reading.figures import CellFaultError
from sources.reading.images import ENDINGS

__all__ = ["ISSUER", "archive_key", "image_id", "isic_id", "licence_code", "one_hot"]

ISSUER = "isic"
_ISIC_ID = re.compile(r"(ISIC_\d{7})(?:_downsampled)?")


def image_id(name: str) -> str:
    """Return the id of a picture as a table gives it, without the ending of a file."""
    stem, point, ending = name.rpartition(".")
    return stem.rpartition("/")[2] if stem and f"{point}{ending}".casefold() in ENDINGS else name


def isic_id(name: str) -> str | None:
    """Return the id of a picture in the Archive, ``_downsampled`` and the ending cut off; None where it is none."""
    found = _ISIC_ID.fullmatch(image_id(name))
    return found[1] if found else None


def archive_key(cell: str, *, unknown: Sequence[str] = ("", "0")) -> str | None:
    """Return a patient, lesion or RCM case of the Archive with its issuer; None for placeholders."""
    return None if cell in unknown else f"{ISSUER}:{cell}"


def licence_code(cell: str) -> dict[str, object]:
    """Return column ``licence`` for a licence as the Archive writes it, nothing for an empty cell.

    An unknown licence stays as it is: rule K05 keeps such a row out and names the codes.
    """
    found = vocabulary.mapped("map_other", "isic_csv", "copyright_license", cell)
    return {"licence": found["our_value"] if found is not None else cell} if cell else {}


def one_hot(cells: Mapping[str, str], classes: Sequence[str]) -> str:
    """Return the class whose cell is one.

    Parameters
    ----------
    cells : mapping of str to str
        A row of a ground truth table.
    classes : sequence of str
        Its columns of classes.

    Raises
    ------
    CellFaultError
        Not exactly one cell is one and the others zero (V19).
    """
    said = [name for name in classes if cells[name].strip() in {"1", "1.0"}]
    other = [name for name in classes if cells[name].strip() not in {"0", "0.0"}]
    if len(said) != 1 or other != said:
        value = ", ".join(f"{name}={cells[name]}" for name in (other or classes[:1]))
        raise CellFaultError("V19", "does not name exactly one class", column=" ".join(classes), value=value)
    return said[0]
