"""SCIN: 5,033 contributions of internet users with one to three pictures each, labeled from the pictures."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from schemas import vocabulary
from schemas.errors import DataFault, Fault, Place
from sources.reading.coded import Coded, coded, flat_label, rating
from sources.reading.collection import Collection, by_key, open_collection, raw_of
from sources.reading.figures import CellFaultError, flag
from sources.reading.tables import Record
from sources.source import FactSheet, Options, Row, Source

__all__ = ["SOURCE"]

NAME = "scin"
_TABLES, _LABELS = ("scin_cases.csv",), "scin_labels.csv"
_SLOTS = ("1", "2", "3")
_PARTS = (
    "head_or_neck", "arm", "palm", "back_of_hand", "torso_front", "torso_back", "genitalia_or_groin", "buttocks",
    "leg", "foot_top_or_side", "foot_sole", "other",
)  # fmt: skip
_COLUMNS = (
    "case_id", "age_group", "sex_at_birth", "fitzpatrick_skin_type", "related_category", "condition_duration",
    *(f"body_parts_{part}" for part in _PARTS),
    *(f"image_{slot}_{what}" for slot in _SLOTS for what in ("path", "shot_type")),
)  # fmt: skip
_LABEL_COLUMNS = (
    "dermatologist_skin_condition_on_label_name", "dermatologist_skin_condition_confidence",
    "weighted_skin_condition_label",
    *(f"dermatologist_gradable_for_skin_condition_{slot}" for slot in _SLOTS),
    *(f"dermatologist_fitzpatrick_skin_type_label_{slot}" for slot in _SLOTS),
    *(f"monk_skin_tone_label_{country}" for country in ("india", "us")),
)  # fmt: skip
# Race and ethnicity are not needed for a report on skin and do not enter (schema.md, section 8).
_REFUSED = (
    *(
        f"race_ethnicity_{name}"
        for name in (
            "american_indian_or_alaska_native", "asian", "black_or_african_american",
            "hispanic_latino_or_spanish_origin", "middle_eastern_or_north_african",
            "native_hawaiian_or_pacific_islander", "white", "other_race", "prefer_not_to_answer",
            "two_or_more_after_mitigation",
        )
    ),
    "combined_race",
)  # fmt: skip
_ANSWERS = ("textures_", "condition_symptoms_", "other_symptoms_")
# A label that carries more than half of the weight is the label of the case (schema.md, section 3).
_HALF = 0.5
_HOW_TO_GET = (
    "Download the folder dataset/ of the public bucket dx-scin-public-data (Google Cloud Storage, no login); read "
    "the SCIN Data Use License at github.com/google-research-datasets/scin."
)

_SHEET = FactSheet(
    title="SCIN: Skin Condition Image Network",
    version="1.0.0",
    language="en",
    licence="SCIN-Data-Use",
    access="open",
    summary="10,407 pictures in 5,033 contributions of US internet users, mostly rashes; skin tone on three scales.",
    how_to_get=_HOW_TO_GET,
    size="10,380 PNG",
    countries=("US",),
    url="https://github.com/google-research-datasets/scin",
    doi="10.5281/zenodo.10819503",
    citation=(
        "Ward A, Li J, Wang J, et al. Creating an empirical dermatology dataset through crowdsourcing with web search "
        "advertisements. JAMA Netw Open 7 (2024). arXiv:2402.18545"
    ),
    licence_url="https://github.com/google-research-datasets/scin/blob/main/LICENSE",
    attribution="SCIN dataset, Google Research 2024, doi:10.5281/zenodo.10819503, SCIN Data Use License",
    # The licence permits sharing; until a maintainer has confirmed that, nothing is passed on.
    redistribute="no",
    collection_process="Volunteers found by advertisements beside web searches upload up to three photos.",
    annotation_process="One to three dermatologists name conditions with confidences; two groups of lay raters, tone.",
    annotator_count=3,
    label_basis="differential diagnoses of one to three dermatologists who saw pictures only",
    population="internet users in the USA; sex, age and skin type as they say, where they say",
    known_problems=(
        "15 picture files are listed in several contributions, 42 listings in all.",
        "1,972 contributions have no condition; 48 are gradable and still have none.",
        "The heaviest condition is tied in 925 of 3,061 labeled contributions: no label of the case then.",
        "The same person may have contributed twice; there are no patient ids.",
        "The two countries of Monk raters disagree.",
        "'Remove from labeling tool' stands as a condition in 12 places.",
    ),
    id_issuers={NAME: "contributions of one to three pictures"},
    declared_images=10_407,
    composition={"images": 10_407, "files": 10_380, "cases": 5_033, "labeled cases": 3_061},
    refused_columns=_REFUSED,
)


def rows(options: Options) -> Iterator[Row | Fault]:
    """Yield a row for each picture of each contribution; a file that stands in several has a row in each."""
    collection = open_collection(options, tables=_TABLES, columns=_COLUMNS, how_to_get=_HOW_TO_GET)
    found = collection.beside(_LABELS)
    if found is None:
        place = Place(collection.table.name)
        raise DataFault(f"has no {_LABELS} beside it", place=place, remedy="It holds the conditions; bring it.")
    labels = by_key(found, "case_id", *_LABEL_COLUMNS)
    yield from collection.faults
    for record in collection.table.records():
        if isinstance(record, Fault):
            yield record
            continue
        try:
            yield from _case(record, collection, labels, file=found.name)
        except CellFaultError as error:
            yield error.fault(Place(collection.table.name, record.line))
    yield from collection.pictures.unnamed(table=collection.table.name)


def _case(record: Record, collection: Collection, labels: Mapping[str, Record], *, file: str) -> Iterator[Row | Fault]:
    """Yield the pictures of one contribution: what is said of it holds for each of them."""
    place = Place(collection.table.name, record.line)
    cells = {name: cell.strip() for name, cell in record.cells.items()}
    labeled = labels.get(cells["case_id"])
    if labeled is None:
        raise CellFaultError("K02", f"has no row in {file}", column="case_id", value=cells["case_id"])
    said = {name: cell.strip() for name, cell in labeled.cells.items()}
    of_case = [_person(cells), _sites(cells), _tones(cells, said), _label(said)]
    raw = raw_of((place.file, record.cells), (file, labeled.cells), refused=_REFUSED)
    for slot in _SLOTS:
        name = cells[f"image_{slot}_path"]
        image = collection.pictures.find(name) if name else None
        if isinstance(image, Fault):
            yield replace(image, place=place)
        elif name:
            parts = [*of_case, _shot(cells[f"image_{slot}_shot_type"])]
            fields: dict[str, object] = {
                "source_image_id": f"{cells['case_id']}/{slot}",
                "case_id": f"{NAME}:{cells['case_id']}",
                "confirm_type": "retrospective_image_review",
                "attributes": _answers(cells) or None,
            }
            unmapped: dict[str, str] = {}
            for part in parts:
                fields |= part.fields
                unmapped |= part.unmapped
            yield Row(place, fields, raw, image, unmapped)


def _shot(cell: str) -> Coded:
    found = vocabulary.mapped("map_other", NAME, "image_N_shot_type", cell)
    if found is None:
        return Coded({}, {"image_type": cell} if cell else {})
    return Coded({"image_type": found["our_value"]}, {})


def _answers(cells: Mapping[str, str]) -> dict[str, str]:
    """Return what the contributor ticked, by the names of the columns."""
    ticked = {name: "yes" for name, cell in cells.items() if name.startswith(_ANSWERS) and cell == "YES"}
    return ticked | {name: cells[name] for name in ("related_category", "condition_duration") if cells[name]}


def _person(cells: Mapping[str, str]) -> Coded:
    sex = coded(NAME, sex=("sex_at_birth", cells["sex_at_birth"]))
    group = vocabulary.mapped("map_other", NAME, "age_group", cells["age_group"])
    if group is None:
        unmapped = {"age_years": cells["age_group"]} if cells["age_group"] else {}
        return Coded(sex.fields, {**sex.unmapped, **unmapped})
    low, high = (int(bound) if bound else None for bound in group["our_value"].split("/"))
    if low is None:
        return sex
    ages = {"age_low": low, "age_high": high, "age_method": "over" if high is None else "range"}
    return Coded({**sex.fields, **ages}, sex.unmapped)


def _sites(cells: Mapping[str, str]) -> Coded:
    """Return all sites that were ticked; the one site of a row only where there is no second."""
    ticked = [part for part in _PARTS if cells[f"body_parts_{part}"] == "YES"]
    found = [vocabulary.mapped("map_site", NAME, "body_parts", part) for part in ticked]
    sites = [each["site_path"] for each in found if each is not None and each["site_path"]]
    return Coded({"sites": sites or None, "site_path": sites[0] if len(ticked) == len(sites) == 1 else None}, {})


# --- skin tone -------------------------------------------------------------------------------------------------------


def _tones(cells: Mapping[str, str], said: Mapping[str, str]) -> Coded:
    """Return every rating of skin tone: by the person, by dermatologists, by lay people of two countries."""
    asked: list[tuple[str, str, str, str, str, bool | None]] = [
        ("fitzpatrick_skin_type", cells["fitzpatrick_skin_type"], "fitzpatrick", "self", "self", None)
    ]
    for slot in _SLOTS:
        cell = said[f"dermatologist_fitzpatrick_skin_type_label_{slot}"]
        gradable = flag(said, f"dermatologist_gradable_for_fitzpatrick_skin_type_{slot}")
        field = "dermatologist_fitzpatrick_skin_type_label_N"
        asked.append((field, cell, "fitzpatrick", f"dermatologist_{slot}", "dermatologist", gradable))
    for country in ("india", "us"):
        cell = said[f"monk_skin_tone_label_{country}"].removesuffix(".0")
        gradable = flag(said, f"gradable_for_monk_skin_tone_{country}")
        asked.append(("monk_skin_tone_label_india|us", cell, "monk", f"lay_{country}", "lay", gradable))
    tones: list[dict[str, object]] = []
    unmapped: dict[str, str] = {}
    for field, cell, scale, rater, role, gradable in asked:
        found = vocabulary.mapped("map_other", NAME, field, cell)
        if found is None:
            unmapped |= {"skin_tones": cell} if cell else {}
        elif found["our_value"]:
            tone = {"scale": scale, "value": found["our_value"], "rater": rater, "rater_role": role}
            tones.append({**tone, "gradable": gradable})
    return Coded({"skin_tones": tones or None}, unmapped)


# --- conditions ------------------------------------------------------------------------------------------------------


def _label(said: Mapping[str, str]) -> Coded:
    """Return the label of a case: the only condition, or the one with more than half of the weight, or none."""
    names = _listed(said, "dermatologist_skin_condition_on_label_name")
    confidences = _listed(said, "dermatologist_skin_condition_confidence")
    if len(names) != len(confidences):
        value = said["dermatologist_skin_condition_confidence"]
        what = f"holds {len(confidences)} confidences for {len(names)} conditions"
        raise CellFaultError("V20", what, column="dermatologist_skin_condition_confidence", value=value)
    ordered = sorted(_weights(said).items(), key=lambda item: -item[1])
    certainty = "definite" if len(ordered) == 1 else "differential"
    ratings = [
        _condition(name, rank, weight=weight, certainty=certainty, confidence=_once(name, names, confidences))
        for rank, (name, weight) in enumerate(ordered, start=1)
    ]
    chosen = ratings[0] if ratings and ordered[0][1] > _HALF else None
    return flat_label(chosen, [*ratings, *_not_gradable(said)])


def _condition(name: str, rank: int, **more: object) -> dict[str, object]:
    who = {"rater": "dermatologists", "rater_role": "dermatologist", "confirm_type": "retrospective_image_review"}
    return rating(NAME, "condition", name, rank=rank, gradable="gradable", **who, **more)


def _once(name: str, names: Sequence[object], confidences: Sequence[object]) -> float | None:
    """Return the confidence of a condition, 1 to 5, where one dermatologist has named it."""
    at = [index for index, each in enumerate(names) if each == name]
    return float(str(confidences[at[0]])) if len(at) == 1 else None


def _not_gradable(said: Mapping[str, str]) -> Iterator[dict[str, object]]:
    """Yield the dermatologists who could name no condition, and why."""
    for slot in _SLOTS:
        cell = said[f"dermatologist_gradable_for_skin_condition_{slot}"]
        found = vocabulary.mapped("map_other", NAME, "dermatologist_gradable_for_skin_condition_N", cell)
        gradable = found["our_value"] if found is not None else None
        if gradable in {"not_gradable", "no_pathology"}:
            yield {
                "raw": cell,
                "kind": "none",
                "certainty": "differential",
                "rater": f"dermatologist_{slot}",
                "rater_role": "dermatologist",
                "gradable": gradable,
            }


def _weights(said: Mapping[str, str]) -> dict[str, float]:
    column = "weighted_skin_condition_label"
    found = _parsed(said, column)
    if not isinstance(found, dict) or not all(isinstance(weight, int | float) for weight in found.values()):
        raise CellFaultError("V20", "is no {condition: weight}", column=column, value=said[column])
    return {str(name): float(weight) for name, weight in found.items()}


def _listed(said: Mapping[str, str], column: str) -> list[object]:
    found = _parsed(said, column)
    if not isinstance(found, list):
        raise CellFaultError("V20", "is no list", column=column, value=said[column])
    return found


def _parsed(said: Mapping[str, str], column: str) -> object:
    """Return the Python literal that a cell holds; nothing is evaluated."""
    try:
        return ast.literal_eval(said[column])
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise CellFaultError("V20", "is no list or dict", column=column, value=said[column]) from error


SOURCE = Source(name=NAME, adapter_version="1", sheet=_SHEET, rows=rows)
