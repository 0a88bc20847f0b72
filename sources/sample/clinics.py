"""The tables of the two clinics: written as the bytes that a clinic would hand over, read back as real ones are.

Clinic *north* keeps an English CSV. Clinic *volga* keeps a Russian journal: semicolons, cp1251, decimal commas, title
lines above the header, a total below, ages and skin types in words, diagnoses with doubt.
"""

from __future__ import annotations

import csv
import functools
import io
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from schemas import vocabulary
from schemas.errors import Fault, Place
from sources.reading import russian, russian_diagnosis, russian_site
from sources.reading.tables import TextTable, read_table
from sources.sample.chance import chance, pick, stream
from sources.sample.photograph import picture_bytes
from sources.sample.planted import Picture, pictures
from sources.sample.population import KINDS, TONES, Lesion
from sources.source import ImageRef, Options, Row

__all__ = ["ISSUER", "NEVER_TAKEN", "rows", "table_north", "table_volga"]

ISSUER = "sample"
_PATHS = {kind.name: kind.path for kind in KINDS}


def _named(list_name: str) -> dict[str, str]:
    """Return last name to path: no name occurs twice in a tree, so a name alone is enough."""
    return {path.rsplit(":", 1)[-1]: path for path in vocabulary.codes(list_name)}


# --- clinic north: write ---------------------------------------------------------------------------------------------

_NORTH_HEADER = (
    "image", "patient_id", "lesion_id", "sex", "age", "anatom_site", "side", "fitzpatrick_skin_type", "image_type",
    "device", "diagnosis", "diagnosis_confirm_type", "clin_size_long_diam_mm", "split",
)  # fmt: skip


def _blank(rng: np.random.Generator, value: str, share: float) -> str:
    """Leave a cell empty now and then, as tables do."""
    return "" if chance(rng, share) else value


def _north_cells(picture: Picture) -> tuple[str, ...]:
    lesion = picture.lesion
    rng = stream(lesion.seed, "row", picture.image_id)
    return (
        picture.image_id,
        picture.patient_id,
        picture.lesion_id,
        _blank(rng, lesion.patient.sex, 0.02),
        _blank(rng, str(lesion.patient.age_years), 0.02),
        _blank(rng, lesion.site.rsplit(":", 1)[-1], 0.03),
        _blank(rng, lesion.side, 0.1),
        _blank(rng, lesion.patient.tone, 0.12),
        picture.exposure.camera.modality,
        picture.exposure.camera.name,
        _PATHS[picture.kind].rsplit(":", 1)[-1],
        "synthetic_truth",
        _blank(rng, f"{lesion.diameter_mm:.1f}", 0.2),
        picture.split,
    )


def table_north(seed: int) -> bytes:
    """Return the table of clinic north: CSV in UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_NORTH_HEADER)
    writer.writerows(_north_cells(picture) for picture in pictures(seed) if picture.clinic == "north")
    return text.getvalue().encode("utf-8")


# --- clinic volga: write ---------------------------------------------------------------------------------------------

_VOLGA_HEADER = (
    "№ п/п", "Снимок", "Код пациента", "Код очага", "Пол", "Возраст", "Фототип", "Локализация", "Сторона", "Вид снимка",
    "Аппарат", "Дата осмотра", "Диагноз", "Метод верификации", "Размер, мм", "Выборка",
)  # fmt: skip
_TITLES = ("Учебная клиника «Волга» (СИНТЕТИЧЕСКИЕ данные)", "Журнал дерматоскопии", "Сформирован: 14.01.2026")
_TOTAL = "Итого"
_SPLIT_NAMES = {"train": "обучение", "val": "настройка", "test": "проверка"}
_DIAGNOSES = {
    "nevus_junctional": ("пограничный невус", "Невус пограничный"),
    "nevus_compound": ("смешанный невус", "Сложный невус"),
    "nevus_dermal": ("внутридермальный невус", "ВДН"),
    "nevus": ("невус", "меланоцитарный невус", "Пигментный невус"),
    "nevus_dysplastic": ("диспластический невус", "ДН"),
    "nevus_blue": ("голубой невус", "Синий невус"),
    "seborrheic_keratosis": ("себорейный кератоз", "СК", "Кератоз себорейный"),
    "solar_lentigo": ("солнечное лентиго", "сенильное лентиго"),
    "actinic_keratosis": ("актинический кератоз", "АК"),
    "dermatofibroma": ("дерматофиброма", "ДФ"),
    "hemangioma": ("сенильная гемангиома", "вишнёвая ангиома"),
    "melanoma_superficial": ("поверхностно-распространяющаяся меланома", "ПРМ"),
    "melanoma_nodular": ("узловая меланома", "нодулярная меланома"),
    "melanoma_in_situ": ("меланома in situ", "МИС"),
    "basal_cell_nodular": ("узловая базалиома", "нодулярный базальноклеточный рак"),
    "basal_cell_superficial": ("поверхностная базалиома", "БКР поверхностный"),
    "squamous_cell": ("плоскоклеточный рак", "ПКР"),
    "bowen": ("болезнь Боуэна", "ББ"),
}
_BCC_DOUBTED = ("БКР?", "подозрение на базалиому", "базалиома (?)")
_MELANOMA_DOUBTED = ("меланома?", "подозрение на меланому", "нельзя исключить меланому")
_PLACES = {
    "Trunk:Posterior trunk:Upper back": ("лопатка", "верхняя часть спины"),
    "Trunk:Posterior trunk:Lower back": ("поясница", "поясничная область"),
    "Trunk:Posterior trunk": ("спина",),
    "Trunk:Anterior trunk:Anterior chest": ("грудь", "грудная клетка"),
    "Trunk:Anterior trunk:Anterior abdomen": ("живот",),
    "Trunk:Lateral trunk": ("бок", "боковая поверхность туловища"),
    "Upper extremity:Forearm": ("предплечье",),
    "Upper extremity:Upper arm": ("плечо",),
    "Upper extremity:Hand": ("кисть",),
    "Upper extremity:Hand:Dorsum of hand": ("тыл кисти",),
    "Lower extremity:Lower leg": ("голень",),
    "Lower extremity:Thigh": ("бедро",),
    "Lower extremity:Foot": ("стопа",),
    "Lower extremity:Foot:Sole of foot": ("подошва",),
    "Head and neck:Head:Face:Cheek": ("щека", "область щеки"),
    "Head and neck:Head:Face:Nose": ("нос",),
    "Head and neck:Head:Face:Forehead": ("лоб",),
    "Head and neck:Head:Face:Temple": ("висок",),
    "Head and neck:Head:Scalp": ("волосистая часть головы", "ВЧГ"),
    "Head and neck:Head:Ear": ("ухо",),
    "Head and neck:Neck": ("шея",),
}
_SIDES = {"left": ("слева", "лев."), "right": ("справа", "прав."), "midline": ("по средней линии",)}


def _russian_age(rng: np.random.Generator, months: int) -> str:
    years, rest = divmod(months, 12)
    if years < 1:
        return f"{max(rest, 1)} мес."
    if years < 3 and rest:
        return f"{years} г. {rest} мес."
    last, tens = years % 10, years % 100
    word = "лет" if last in {0, 5, 6, 7, 8, 9} or 11 <= tens <= 14 else ("год" if last == 1 else "года")
    return f"{years} {word}" if chance(rng, 0.8) else str(years)


def _russian_tone(rng: np.random.Generator, tone: str) -> str:
    """Half of the entries are pairs of neighbors, as Russian tables have them; a spreadsheet spoiled a few."""
    index = TONES.index(tone)
    if chance(rng, 0.02):
        return "02.мар"
    if chance(rng, 0.45):
        low = max(0, index - 1) if chance(rng, 0.5) else min(index, len(TONES) - 2)
        return f"{TONES[low]}–{TONES[low + 1]}"
    return pick(rng, (tone, f"{tone} тип", str(index + 1)))


def _russian_diagnosis(rng: np.random.Generator, picture: Picture) -> str:
    kind = picture.kind
    if picture.mislabeled or chance(rng, 0.88):
        return pick(rng, _DIAGNOSES[kind])
    if chance(rng, 0.3):
        return pick(rng, ("новообразование кожи", "образование", "н/д"))
    if kind.startswith("basal"):
        return pick(rng, _BCC_DOUBTED)
    if kind.startswith(("melanoma", "nevus_dys")):
        return pick(rng, _MELANOMA_DOUBTED)
    term = pick(rng, _DIAGNOSES[kind])
    return pick(rng, (f"{term}?", f"{term} / себорейный кератоз?", f"{term}, признаков меланомы не выявлено"))


def _russian_confirmation(rng: np.random.Generator, lesion: Lesion, diagnosis: str) -> str:
    if russian_diagnosis.diagnosis(diagnosis).certainty != "definite":
        return pick(rng, ("направлен на биопсию", "гистология в работе", ""))
    if lesion.malignant or chance(rng, 0.15):
        return pick(rng, ("гистология", "Гистологическое исследование", "ПГИ"))
    return pick(rng, ("клинически", "дерматоскопия", "консилиум", ""), (4, 5, 1, 2))


def _volga_cells(number: int, picture: Picture) -> tuple[str, ...]:
    lesion = picture.lesion
    patient = lesion.patient
    rng = stream(lesion.seed, "row", picture.image_id)
    diagnosis = _russian_diagnosis(rng, picture)
    day = f"{rng.integers(1, 29):02d}.{rng.integers(1, 13):02d}.{rng.integers(2023, 2026)}"
    dermoscopic = picture.exposure.camera.modality == "dermoscopic"
    return (
        str(number),
        picture.image_id,
        picture.patient_id,
        picture.lesion_id,
        _blank(rng, pick(rng, ("м", "М", "муж.") if patient.sex == "male" else ("ж", "Ж", "жен.")), 0.02),
        _blank(rng, _russian_age(rng, patient.age_months), 0.02),
        _blank(rng, _russian_tone(rng, patient.tone), 0.15),
        "кожа" if chance(rng, 0.02) else _blank(rng, pick(rng, _PLACES[lesion.site]), 0.02),
        _blank(rng, pick(rng, _SIDES[lesion.side]), 0.1),
        pick(rng, ("дерматоскопия", "дерматоскоп") if dermoscopic else ("макро", "макрофото")),
        picture.exposure.camera.name,
        day,
        diagnosis,
        _russian_confirmation(rng, lesion, diagnosis),
        _blank(rng, f"{lesion.diameter_mm:.1f}".replace(".", ","), 0.15),
        _SPLIT_NAMES[picture.split],
    )


def table_volga(seed: int) -> bytes:
    """Return the journal of clinic volga: cp1251, semicolons, three title lines, a total at the end."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    for title in _TITLES:
        writer.writerow((title, *[""] * (len(_VOLGA_HEADER) - 1)))
    writer.writerow(_VOLGA_HEADER)
    shown = [picture for picture in pictures(seed) if picture.clinic == "volga"]
    writer.writerows(_volga_cells(number, picture) for number, picture in enumerate(shown, start=1))
    writer.writerow((_TOTAL, str(len(shown)), *[""] * (len(_VOLGA_HEADER) - 2)))
    return text.getvalue().encode("cp1251")


# --- read ------------------------------------------------------------------------------------------------------------


def _keys(image_id: str, patient: str, lesion: str) -> dict[str, object]:
    keys: dict[str, object] = {
        "source_image_id": image_id,
        "patient_id": f"{ISSUER}:{patient}",
        "manipulation": "synthetic",
    }
    if lesion:
        keys["lesion_id"] = f"{ISSUER}:{lesion}"
    return keys


def _tones(value: str | None, rater: str) -> list[dict[str, object]] | None:
    if value is None:
        return None
    return [{"scale": "fitzpatrick", "value": value, "rater": rater, "rater_role": "clinician", "gradable": True}]


def _north_fields(cells: Mapping[str, str]) -> tuple[dict[str, object], dict[str, str]]:
    site = _named("site").get(cells["anatom_site"])
    path = _named("diagnosis").get(cells["diagnosis"])
    tone = cells["fitzpatrick_skin_type"] or None
    fields: dict[str, object] = {
        **_keys(cells["image"], cells["patient_id"], cells["lesion_id"]),
        "sex": cells["sex"] or None,
        "age_years": int(cells["age"]) if cells["age"] else None,
        "age_method": "exact" if cells["age"] else None,
        "site_path": site,
        "laterality": cells["side"] or None,
        "skin_tones": _tones(tone, "clinic north"),
        "image_type": cells["image_type"],
        "device": cells["device"],
        "diagnosis_path": path,
        "diagnosis_kind": "exact" if path else "unmapped",
        "diagnosis_certainty": "definite",
        "confirm_type": cells["diagnosis_confirm_type"],
        "diameter_mm": float(cells["clin_size_long_diam_mm"]) if cells["clin_size_long_diam_mm"] else None,
        "source_split": cells["split"],
    }
    unmapped = {"site_path": cells["anatom_site"]} if cells["anatom_site"] and site is None else {}
    if path is None:
        unmapped["diagnosis_path"] = cells["diagnosis"]
    return fields, unmapped


# Full dates of visits do not enter a dataset; the year is taken from them.
NEVER_TAKEN = ("Дата осмотра",)


def _volga_fields(cells: Mapping[str, str]) -> tuple[dict[str, object], dict[str, str]]:
    sex, tone = russian.sex(cells["Пол"]), russian.phototype(cells["Фототип"])
    age, site = russian.age(cells["Возраст"]), russian_site.site(cells["Локализация"])
    side, seen = russian_site.laterality(cells["Сторона"]), russian.image_type(cells["Вид снимка"])[0]
    confirmed, found = russian.confirmation(cells["Метод верификации"]), russian_diagnosis.diagnosis(cells["Диагноз"])
    visited = russian.date(cells["Дата осмотра"])
    fields: dict[str, object] = {
        **_keys(cells["Снимок"], cells["Код пациента"], cells["Код очага"]),
        "sex": sex.code,
        "age_years": age.years,
        "age_method": age.method,
        "site_path": site.path,
        "laterality": side.code or site.laterality,
        "skin_tones": _tones(tone.code, "clinic volga"),
        "image_type": seen.code,
        "device": cells["Аппарат"],
        "acquisition_year": visited.year if visited is not None else None,
        "diagnosis_path": found.path,
        "diagnosis_kind": found.kind,
        "diagnosis_certainty": found.certainty,
        "diagnosis_candidates": list(found.candidates) or None,
        "diagnoses": [
            {"raw": label.raw, "path": label.path, "kind": label.kind, "certainty": label.certainty, "rank": rank}
            for rank, label in enumerate(found.labels, start=1)
        ],
        "confirm_type": confirmed.code,
        "diameter_mm": russian.size_mm(cells["Размер, мм"]),
        "source_split": {name: part for part, name in _SPLIT_NAMES.items()}.get(cells["Выборка"]),
    }
    doubtful = (
        ("sex", sex.unmapped, "Пол"),
        ("age_years", age.unmapped, "Возраст"),
        ("skin_tones", tone.unmapped, "Фототип"),
        ("site_path", site.unmapped, "Локализация"),
        ("laterality", side.unmapped, "Сторона"),
        ("image_type", seen.unmapped, "Вид снимка"),
        ("confirm_type", confirmed.unmapped, "Метод верификации"),
        ("diagnosis_path", found.unmapped, "Диагноз"),
    )
    return fields, {column: cells[name] for column, unmapped, name in doubtful if unmapped}


Reader = Callable[[Mapping[str, str]], tuple[dict[str, object], dict[str, str]]]


def _read(table: TextTable, reader: Reader, known: Mapping[str, Picture]) -> Iterator[Row | Fault]:
    for record in table.records():
        if isinstance(record, Fault):
            yield record
            continue
        if _TOTAL in record.cells.values():
            continue
        fields, unmapped = reader(record.cells)
        picture = known[str(fields["source_image_id"])]
        yield Row(
            place=Place(file=table.name, row=record.line),
            fields={column: value for column, value in fields.items() if value is not None},
            raw={name: cell for name, cell in record.cells.items() if name not in NEVER_TAKEN},
            image=ImageRef(name=f"{picture.image_id}.jpg", open=functools.partial(picture_bytes, picture)),
            unmapped=unmapped,
        )


def rows(options: Options) -> Iterator[Row | Fault]:
    """Yield the rows of both clinics, read from the bytes of their tables; pictures are drawn when they are opened.

    Parameters
    ----------
    options : Options
        ``seed`` says which sample; all other options are without effect.
    """
    known = {picture.image_id: picture for picture in pictures(options.seed)}
    north = read_table(table_north(options.seed), name="north.csv", header_holds="image")
    yield from _read(north, _north_fields, known)
    volga = read_table(table_volga(options.seed), name="volga.csv", header_holds="Снимок")
    yield from _read(volga, _volga_fields, known)
