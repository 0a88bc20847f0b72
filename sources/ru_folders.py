"""Pictures in folders that are named after diseases in Russian, loose or in zips with names of any Russian program."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from schemas.errors import Fault, Place, UserError
from sources.profile import read_profile
from sources.reading import russian, russian_codes, russian_site
from sources.reading.images import File, is_picture, list_files
from sources.reading.profiles import Profile
from sources.reading.pseudonyms import key, pseudonym
from sources.reading.redaction import Redactor, is_person
from sources.reading.russian_diagnosis import Diagnosis
from sources.reading.russian_evidence import Evidence, Verdict, of_codes, verdict
from sources.reading.russian_record import labels_of, read_diagnosis
from sources.source import FactSheet, Options, Row, Source
from sources.transport.archive import is_archive

__all__ = ["SOURCE"]

NAME = "ru_folders"

_SHEET = FactSheet(
    title="Pictures in folders with Russian names of diseases",
    version="1",
    language="Russian",
    licence="unknown-licence",
    access="none",
    summary="Folders or zips: the deepest folder that names a disease gives the diagnosis of the pictures in it.",
    how_to_get="Yours: `curate ingest ru_folders FOLDER --into DATASET`; --profile FILE.yaml explains odd names.",
    redistribute="no",
    limitations="Nothing is known of it but the names of its folders.",
    id_issuers={NAME: "keyed hashes of the owner's names and numbers of patients"},
    one_of_many=True,
)
# What folders are called that say nothing of the pictures in them.
_GENERIC = re.compile(
    r"(?:фото\w*|снимк\w*|изображени\w*|картинк\w*|данные|датасет|набор|архив|база|новая папка|разное фото|все|"
    r"images?|img|pics?|data(?:set)?|photos?|part|train|test|val(?:id(?:ation)?)?|обучени\w*|тест\w*|часть|ч|папка|"
    r"класс\w*|по классам|\d+|фото\w* .*по (?:классам|сортам|диагнозам|группам))(?:[ .]*(?:ч\.?|часть)?[ .]*\d+)?"
)
_PATIENT = re.compile(r"(?:пациент\w*|больн(?:ой|ая|ого)|б-но[йг]о?|patient)[ №#:_-]*(.+)", re.IGNORECASE)
# «01_Меланома», «Меланома (25)», «невусы ч2»: numbers around a name are an order or a count.
_BEFORE = re.compile(r"^\s*\d+\s*[.)_-]+\s*(?=[^\W\d])")
_AFTER = re.compile(
    r"\s*(?:\(\d+(?:\s*шт\.?)?\)|[-–_]?\s*\d+\s*(?:шт|фото)\.?|[.,]?\s*ч(?:асть)?\.?\s*\d+|[_-]\d+)\s*$"
)


def rows(options: Options) -> Iterator[Row | Fault]:
    """Yield a row for each picture, and notes about the folders."""
    if options.location is None:
        raise UserError("needs a LOCATION: a folder, or a zip", value=NAME)
    profile = read_profile(options.profile) if options.profile is not None else Profile(format="ru_folders/1")
    if profile.format != "ru_folders/1":
        raise UserError(
            f"is a profile of format {profile.format}", value=profile.name, remedy="ru_folders/1 is needed."
        )
    location = Path(options.location)
    listing = list_files(options.location)
    # The id of a picture in an archive names the archive, whether its folder is given or the archive itself.
    prefix = f"{location.name}/" if location.is_file() and is_archive(location) else ""
    pictures = listing.pictures()
    if not pictures and not listing.faults:
        raise UserError("holds no picture", value=options.location, remedy="Name another folder.")
    yield from listing.faults
    yield from _Folders(profile, pictures).rows(pictures, prefix)
    others = [file.path for file in listing.files if not is_picture(file.path)]
    for what, paths in (("left behind by an operating system", listing.litter), ("no pictures", others)):
        if paths:
            yield Fault("I13", f"{len(paths)} files are {what} and were ignored", Place(NAME), severity="note")


@dataclass(frozen=True, slots=True)
class _Folder:
    """What the folders above a picture say."""

    fields: dict[str, object]
    verdict: Verdict
    unmapped: dict[str, str]


class _Folders:
    """Reads the names of folders, each once."""

    def __init__(self, profile: Profile, pictures: Sequence[File]) -> None:
        self._profile = profile
        self._secret = key()
        parts = {_spelt(part) for file in pictures for part in PurePosixPath(file.path).parts}
        persons = [part for part in parts if is_person(_cleaned(part)) or _PATIENT.fullmatch(part)]
        self._redact = Redactor([match.group(1) if (match := _PATIENT.fullmatch(part)) else part for part in persons])
        self._known: dict[tuple[str, ...], _Folder] = {}

    def rows(self, pictures: Sequence[File], prefix: str) -> Iterator[Row | Fault]:
        """Yield a row for each picture, then a conflict for each folder that its folders contradict."""
        hidden: Counter[str] = Counter()
        conflicts: dict[tuple[str, str], list[str]] = {}
        for file in pictures:
            shown = self._shown(prefix + file.path)
            hidden["names"] += shown != _spelt(prefix + file.path)
            folder = self._folder(PurePosixPath(_spelt(file.path)).parts[:-1])
            if folder.verdict.conflict is not None:
                one, other = (self._redact(each.raw) for each in folder.verdict.conflict)
                conflicts.setdefault((one, other), []).append(f"{NAME}:{self._scoped(shown)}")
            fields = {**folder.fields, "source_image_id": self._scoped(shown)}
            yield Row(Place(shown), fields, {"path": shown}, file.ref, folder.unmapped)
        if hidden["names"]:
            what = f"{hidden['names']} paths hold what looks like personal data; keyed hashes stand for it"
            yield Fault("R05", what, Place(NAME), severity="note", column="path")
        for (one, other), ids in conflicts.items():
            what = f"folder «{one}» inside folder «{other}»: they differ in malignancy; the inner one was followed"
            yield Fault("V04", what, Place(NAME), None, None, "conflict", tuple(ids), "diagnosis_path", one, other)

    # --- names -------------------------------------------------------------------------------------------------------

    def _shown(self, path: str) -> str:
        return "/".join(self._part(part) for part in PurePosixPath(_spelt(path)).parts)

    def _part(self, part: str) -> str:
        path = PurePosixPath(part)
        name = path.stem if is_picture(part) else part
        if self._redact.clean(name) and not is_person(_cleaned(name)) and _PATIENT.fullmatch(name) is None:
            return part
        return pseudonym(self._secret, name) + (path.suffix.casefold() if is_picture(part) else "")

    def _scoped(self, shown: str) -> str:
        return f"{self._profile.collection}/{shown}" if self._profile.collection else shown

    # --- meaning -----------------------------------------------------------------------------------------------------

    def _folder(self, parts: tuple[str, ...]) -> _Folder:
        if parts not in self._known:
            self._known[parts] = self._read(parts)
        return self._known[parts]

    def _read(self, parts: tuple[str, ...]) -> _Folder:
        """Return what a chain of folders says; the innermost speaks first."""
        fields: dict[str, object] = dict(self._constants())
        evidence: list[Evidence] = []
        silent: list[str] = []
        for part in reversed(parts):
            said = self._said(_cleaned(part))
            if self._beside(part, said, fields) or is_archive(Path(part)):
                continue
            found = _disease(said)
            if found.path is not None or found.candidates or found.certainty in {"excluded", "history"}:
                evidence.append(Evidence("folder", said, found))
            elif not _GENERIC.fullmatch(russian.normalize(said)) and said:
                silent.append(said)
        if not evidence and (constant := self._profile.constants.get("diagnosis")):
            evidence.append(Evidence("profile", constant, read_diagnosis(constant)))
        judged = verdict(evidence)
        unmapped = {} if not silent else {"diagnosis_path": self._redact(silent[0])}
        return _Folder({**fields, **self._label(judged, evidence, silent)}, judged, unmapped)

    def _label(self, judged: Verdict, evidence: Sequence[Evidence], silent: Sequence[str]) -> dict[str, object]:
        found = judged.diagnosis
        if not evidence:
            raw = self._redact(silent[0]) if silent else None
            label = {"raw": raw, "path": None, "kind": "unmapped", "certainty": "definite", "rank": 1}
            return {"diagnosis_kind": "unmapped" if silent else "none", **({"diagnoses": [label]} if silent else {})}
        labels = [{**label, "raw": self._redact(str(label["raw"]))} for label in labels_of(evidence)]
        fields = {
            "diagnosis_path": found.path,
            "diagnosis_kind": found.kind,
            "diagnosis_certainty": found.certainty,
            "diagnosis_candidates": list(found.candidates) or None,
            "diagnoses": labels or None,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def _constants(self) -> Iterator[tuple[str, object]]:
        for name in ("image_type", "licence", "attribution", "device"):
            if name in self._profile.constants:
                said = self._profile.constants[name]
                yield name, (russian.image_type(said)[0].code or said) if name == "image_type" else said
        if (confirm := self._profile.constants.get("confirmation")) is not None:
            yield "confirm_type", russian.confirmation(confirm).code or confirm

    def _said(self, name: str) -> str:
        plain = russian.normalize(name)
        said = self._profile.values.get("diagnosis", {})
        return next((means for known, means in said.items() if russian.normalize(known) == plain), name)

    def _beside(self, part: str, said: str, fields: dict[str, object]) -> bool:
        """Take what a folder says beside a disease: whose pictures, of what kind, of which place."""
        if is_person(said) or (match := _PATIENT.fullmatch(part)) is not None:
            who = said if is_person(said) else str(match.group(1)) if match is not None else said
            fields.setdefault("patient_id", f"{NAME}:{pseudonym(self._secret, who, self._profile.collection or '')}")
            return True
        kind, site = russian.image_type(said)[0].code, russian_site.site(said)
        if kind is not None:
            fields.setdefault("image_type", kind)
        elif site.path is not None:
            fields.setdefault("site_path", site.path)
            if site.laterality is not None:
                fields.setdefault("laterality", site.laterality)
        return kind is not None or site.path is not None


def _disease(said: str) -> Diagnosis:
    found = read_diagnosis(said)
    if found.path is not None or found.candidates or found.labels:
        codes = of_codes([russian_codes.icd10_meaning(code) for code in russian_codes.icd10_codes(said)])
        return codes if found.path is None and not found.candidates and codes.path is not None else found
    return found


def _spelt(path: str) -> str:
    """Return a path with composed letters: macOS writes й and ё as two."""
    return unicodedata.normalize("NFC", path)


def _cleaned(part: str) -> str:
    """Return the name of a folder without what orders and counts it."""
    return _AFTER.sub("", _BEFORE.sub("", part)).replace("_", " ").strip()


SOURCE = Source(name=NAME, adapter_version="1", sheet=_SHEET, rows=rows)
