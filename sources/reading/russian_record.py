"""One row of a Russian table as columns of the schema, by a profile: what each cell means, and what no table knows."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from schemas import vocabulary
from sources.reading import russian, russian_codes, russian_site
from sources.reading.cells import CellError, UnmappedError, value_of
from sources.reading.profiles import Column, DiagnosisColumn, Profile
from sources.reading.russian_diagnosis import Diagnosis, Label, diagnosis
from sources.reading.russian_evidence import Evidence, Verdict, of_codes, verdict
from sources.reading.sheets import header_key

__all__ = ["Record", "RecordReader", "labels_of", "read_diagnosis", "resolve"]

_LARGEST_MM, _THICKEST_MM = 500.0, 100.0
_MELANOMA = "Malignant:Malignant melanocytic proliferations (Melanoma)"
_BRESLOW = re.compile(r"бресл\w*\D{0,12}?(\d+(?:[.,]\d+)?)\s*(см)?", re.IGNORECASE)
_BIRTH_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")
_CM, _MM = re.compile(r"(?<![а-я])см(?![а-я])|(?<![a-z])cm(?![a-z])"), re.compile(r"(?<![а-я])мм(?![а-я])")
_OLDEST = 120
# Meaning in a profile to the column of the schema that it fills.
_CODED = {"sex": "sex", "confirmation": "confirm_type", "image_type": "image_type"}


def resolve(names: Sequence[str], header: Sequence[str]) -> str | None:
    """Return the first of several names that a header holds, as the header writes it."""
    shown = {header_key(name): name for name in reversed(header) if name}
    return next((shown[header_key(name)] for name in names if header_key(name) in shown), None)


@dataclass(slots=True)
class Record:
    """What one row means.

    Parameters
    ----------
    fields : dict
        Columns of the schema.
    unmapped : dict of str to str
        Column of the schema to the text for which no table has a code.
    verdict : Verdict
        How its diagnosis was reached.
    remarks : list of str
        What else a person should look at.
    """

    fields: dict[str, object] = field(default_factory=dict)
    unmapped: dict[str, str] = field(default_factory=dict)
    verdict: Verdict = field(default_factory=lambda: Verdict(Diagnosis()))
    remarks: list[str] = field(default_factory=list)


class RecordReader:
    """Reads the rows of one sheet.

    Parameters
    ----------
    profile : Profile
        What its columns mean.
    header : sequence of str
        Names of its columns.
    lookups : mapping of str to mapping
        Sheets of codes that the profile names: code to meaning.
    """

    def __init__(self, profile: Profile, header: Sequence[str], lookups: Mapping[str, Mapping[str, str]]) -> None:
        self._profile = profile
        self._lookups = lookups
        self._columns = {
            meaning: (column, name)
            for meaning, column in profile.columns.items()
            if (name := resolve(column.names, header)) is not None
        }
        self._diagnoses = [
            (each, name) for each in profile.diagnoses if (name := resolve(each.column.names, header)) is not None
        ]

    def taken(self) -> frozenset[str]:
        """Return the columns of the sheet that are read."""
        return frozenset([*(name for _, name in self._columns.values()), *(name for _, name in self._diagnoses)])

    def read(self, cells: Mapping[str, str]) -> Record:
        """Return what a row means."""
        made = Record()
        self._coded(made, cells)
        self._phototype(made, cells)
        self._age(made, cells)
        self._diagnosis(made, cells)
        self._site(made, cells)
        self._lengths(made, cells)
        device = self._cell("device", cells)
        if device:
            made.fields["device"] = device
        made.fields = {name: value for name, value in made.fields.items() if value is not None}
        return made

    # --- cells -------------------------------------------------------------------------------------------------------

    def _cell(self, meaning: str, cells: Mapping[str, str]) -> str:
        """Return the text of a meaning: of its column, through pattern, sheet of codes and values, or the constant."""
        if meaning not in self._columns:
            return self._profile.constants.get(meaning, "")
        column, name = self._columns[meaning]
        return self._said(meaning, column, cells[name]) or self._profile.constants.get(meaning, "")

    def _said(self, meaning: str, column: Column, cell: str) -> str:
        text = cell.strip()
        if column.pattern is not None:
            found = re.search(column.pattern, text, re.IGNORECASE)
            text = (found.group(1) or "").strip() if found is not None else ""
        if text in self._profile.missing.get(meaning, ()):
            return ""
        if column.lookup is not None:
            text = self._lookups.get(column.lookup, {}).get(header_key(_whole(text)), text)
        return self._translated(meaning, text)

    def _translated(self, meaning: str, text: str) -> str:
        said = self._profile.values.get(meaning, {})
        plain = russian.normalize(text)
        for known, means in said.items():
            if russian.normalize(known) == plain or known.strip() == text:
                return means
        if meaning in {"diagnosis", "histology", "site"}:
            for known, means in sorted(said.items(), key=lambda item: -len(item[0])):
                text = re.sub(rf"(?<!\w){re.escape(known)}(?!\w)", means, text, flags=re.IGNORECASE)
        return text

    def _coded(self, made: Record, cells: Mapping[str, str]) -> None:
        for meaning, column in _CODED.items():
            text = self._cell(meaning, cells)
            if meaning == "image_type":
                value, made.fields["dermoscopic_type"] = russian.image_type(text)
            else:
                value = russian.sex(text) if meaning == "sex" else russian.confirmation(text)
            code = value.code or (_code(column, text) if value.unmapped else None)
            made.fields[column] = code
            if value.unmapped and code is None:
                made.unmapped[column] = text

    def _phototype(self, made: Record, cells: Mapping[str, str]) -> None:
        text = self._cell("phototype", cells)
        value = russian.phototype(text)
        if value.unmapped:
            made.unmapped["skin_tones"] = text
        if value.code is not None:
            tone = {"scale": "fitzpatrick", "value": value.code, "rater": "table", "rater_role": "clinician"}
            made.fields["skin_tones"] = [{**tone, "gradable": True}]

    # --- age ---------------------------------------------------------------------------------------------------------

    def _age(self, made: Record, cells: Mapping[str, str]) -> None:
        visited = russian.date(self._cell("visit_date", cells))
        if visited is not None:
            made.fields["acquisition_year"] = visited.year
        text = self._cell("age", cells)
        read = russian.age(text)
        if read.unmapped and (born := _birth(text, visited)) is not None:
            made.fields |= born
        elif read.unmapped:
            made.unmapped["age_years"] = text
        made.fields |= {"age_years": read.years, "age_method": read.method, "age_low": read.low} if read.method else {}
        for meaning in ("birth_date", "birth_year"):
            if "age_years" not in made.fields and (born := _birth(self._cell(meaning, cells), visited)) is not None:
                made.fields |= born

    # --- diagnosis ---------------------------------------------------------------------------------------------------

    def _diagnosis(self, made: Record, cells: Mapping[str, str]) -> None:
        evidence = self._evidence(made, cells)
        made.verdict = verdict(evidence)
        found = made.verdict.diagnosis
        made.fields |= {
            "diagnosis_path": found.path,
            "diagnosis_kind": found.kind,
            "diagnosis_certainty": found.certainty,
            "diagnosis_candidates": list(found.candidates) or None,
            "diagnoses": labels_of(evidence) or None,
        }
        if made.verdict.confirm is not None:
            self._confirm(made, cells)
        for each in evidence:
            if each.diagnosis.unmapped:
                made.unmapped.setdefault("diagnosis_path", each.raw)

    def _confirm(self, made: Record, cells: Mapping[str, str]) -> None:
        """Take how the column that was followed is confirmed, unless the row itself says that it was not."""
        said = self._cell("confirmation", cells)
        of_histology = made.verdict.confirm == "histopathology"
        refused = bool(said) and made.fields.get("confirm_type") is None and "confirm_type" not in made.unmapped
        if not refused and (of_histology or made.fields.get("confirm_type") is None):
            made.fields["confirm_type"] = made.verdict.confirm

    def _evidence(self, made: Record, cells: Mapping[str, str]) -> list[Evidence]:
        """Return what the columns say of the disease, the strongest first."""
        final = [
            self._text_evidence(each, name, cells) for each, name in self._diagnoses if each.certainty != "suspected"
        ]
        early = [
            self._text_evidence(each, name, cells) for each, name in self._diagnoses if each.certainty == "suspected"
        ]
        texts = " ".join(cells[name] for _, name in self._diagnoses)
        found = [
            *self._histology(cells),
            *self._morphology(made, cells),
            *final,
            *self._icd10(made, cells, texts),
            *early,
        ]
        if not self._diagnoses and (constant := self._profile.constants.get("diagnosis")):
            found.append(Evidence("", constant, read_diagnosis(constant)))
        return [each for each in found if each.raw]

    def _text_evidence(self, each: DiagnosisColumn, name: str, cells: Mapping[str, str]) -> Evidence:
        text = self._said("diagnosis", each.column, cells[name])
        confirm = russian.confirmation(each.confirm).code or each.confirm if each.confirm else None
        return Evidence(name, text, read_diagnosis(text, preliminary=each.certainty == "suspected"), confirm)

    def _histology(self, cells: Mapping[str, str]) -> list[Evidence]:
        text = self._cell("histology", cells)
        method, found = russian.confirmation(text), read_diagnosis(text)
        # «ожидается», «направлен: меланома?» say nothing yet; «гистология» says how, not what.
        planned = not method.unmapped and method.code is None
        if russian.is_empty(text) or planned or (found.path is None and not found.candidates and not method.unmapped):
            return []
        coded = of_codes([russian_codes.icdo3_meaning(code) for code in russian_codes.icdo3_codes(text)])
        if found.path is None and not found.candidates and coded.path is not None:
            found = coded
        return [Evidence(self._columns["histology"][1], text, found, "histopathology")]

    def _morphology(self, made: Record, cells: Mapping[str, str]) -> list[Evidence]:
        text = self._cell("icdo3", cells)
        codes = russian_codes.icdo3_codes(text)
        if russian.is_empty(text):
            return []
        if not codes:
            made.unmapped["icdo3"] = text
            return []
        made.fields["icdo3"] = codes[0]
        meanings = [russian_codes.icdo3_meaning(code) for code in codes]
        made.remarks += [f"{each.code} is no code of МКБ-О" for each in meanings if not each.known]
        return [Evidence(self._columns["icdo3"][1], text, of_codes(meanings), "histopathology")]

    def _icd10(self, made: Record, cells: Mapping[str, str], texts: str) -> list[Evidence]:
        text = self._cell("icd10", cells)
        codes = russian_codes.icd10_codes(text)
        if not codes and not russian.is_empty(text):
            made.unmapped["icd10"] = text
        name = self._columns["icd10"][1] if "icd10" in self._columns else ""
        if not codes:
            # «L21.0-Себорея головы»: the code stands in the text of the diagnosis.
            text, codes = texts, russian_codes.icd10_codes(texts)
        if not codes:
            return []
        made.fields["icd10"] = list(codes)
        meanings = [russian_codes.icd10_meaning(code) for code in codes]
        made.remarks += [f"{each.code} is no code of МКБ-10" for each in meanings if not each.known]
        found = of_codes(meanings)
        # A code alone that means too little is no unmapped text: it stays in column icd10.
        return [Evidence(name or "МКБ", text, found if found.kind != "unmapped" else Diagnosis())]

    # --- site and lengths --------------------------------------------------------------------------------------------

    def _site(self, made: Record, cells: Mapping[str, str]) -> None:
        text, side = self._cell("site", cells), self._cell("laterality", cells)
        found, beside = russian_site.site(text), russian_site.laterality(side)
        path = found.path
        if found.unmapped and (named := _code("site_path", text)) is not None:
            path = named
        elif found.unmapped:
            made.unmapped["site_path"] = text
        elif path is None and russian.is_empty(text):
            codes = made.fields.get("icd10")
            regions = (
                {russian_codes.icd10_meaning(code).site_path for code in codes} if isinstance(codes, list) else set()
            )
            path = regions.pop() if len(regions) == 1 else None
        made.fields |= {"site_path": path, "laterality": beside.code or found.laterality}
        if beside.unmapped:
            made.unmapped["laterality"] = side

    def _lengths(self, made: Record, cells: Mapping[str, str]) -> None:
        text = self._cell("size", cells)
        if not russian.is_empty(text):
            size = russian.size_mm(text, unit=self._unit("size"))
            if size is not None and 0 < size <= _LARGEST_MM:
                made.fields["diameter_mm"] = size
            else:
                made.unmapped["diameter_mm"] = text
        thick = self._thickness(cells)
        path = str(made.fields.get("diagnosis_path") or "")
        if thick is not None and 0 <= thick <= _THICKEST_MM:
            if vocabulary.is_ancestor(_MELANOMA, path):
                made.fields["breslow_mm"] = thick
            else:
                made.remarks.append("a thickness by Breslow stands beside what is no melanoma; it was not taken")

    def _thickness(self, cells: Mapping[str, str]) -> float | None:
        text = self._cell("breslow", cells)
        if not russian.is_empty(text):
            return russian.size_mm(text, unit=self._unit("breslow"))
        texts = [self._cell("histology", cells), *(cells[name] for _, name in self._diagnoses)]
        found = next((match for each in texts if (match := _BRESLOW.search(each)) is not None), None)
        if found is None:
            return None
        return float(found.group(1).replace(",", ".")) * (10.0 if found.group(2) else 1.0)

    def _unit(self, meaning: str) -> Literal["mm", "cm"]:
        if meaning not in self._columns:
            return "mm"
        column, name = self._columns[meaning]
        plain = vocabulary.normalize(name)
        return column.unit or ("cm" if _CM.search(plain) and not _MM.search(plain) else "mm")


def _whole(text: str) -> str:
    """Return a code that a spreadsheet made a number, as it was typed."""
    return re.sub(r"^(\d+)[.,]0+$", r"\1", text)


def _code(column: str, text: str) -> str | None:
    """Return a code of the schema that a profile writes in place of a Russian word."""
    try:
        found = value_of(column, text)
    except (CellError, UnmappedError):
        return None
    listed = vocabulary.codes({"site_path": "site", "diagnosis_path": "diagnosis"}.get(column, column))
    return str(found) if found in listed else None


def read_diagnosis(text: str, *, preliminary: bool = False) -> Diagnosis:
    """Return what a text means: in Russian, or as a node of the tree that a profile writes in its place."""
    if text.strip() and not text.strip(" ?"):
        # A bare question mark is a diagnosis that nobody made, and a value that nobody can read.
        return Diagnosis(kind="unmapped", certainty="suspected", labels=(Label(text, None, "unmapped", "suspected"),))
    found = diagnosis(text, preliminary=preliminary)
    path = _code("diagnosis_path", text) if found.unmapped else None
    if path is None:
        return found
    kind = "exact" if ":" in path else "top"
    certainty = "suspected" if preliminary else "definite"
    return Diagnosis(path, kind, certainty, labels=(Label(text, path, kind, certainty),))


def labels_of(evidence: Sequence[Evidence]) -> list[dict[str, object]]:
    """Return everything that is said of the disease as elements of column ``diagnoses``, the strongest first."""
    found: list[dict[str, object]] = []
    for rank, each in enumerate(evidence, start=1):
        for label in each.diagnosis.labels:
            said = {"raw": label.raw, "path": label.path, "kind": label.kind, "certainty": label.certainty}
            found.append({**said, "rank": min(rank, 127), "rater_role": "clinician", "confirm_type": each.confirm})
    return found


def _birth(text: str, visited: dt.date | None) -> dict[str, object] | None:
    """Return the age at a visit of somebody born at a date, or in a year, which may be one too many."""
    if visited is None or russian.is_empty(text):
        return None
    born = russian.date(text)
    if born is not None:
        years = visited.year - born.year - ((visited.month, visited.day) < (born.month, born.day))
        return {"age_years": years, "age_method": "exact"} if 0 <= years <= _OLDEST else None
    found = _BIRTH_YEAR.search(text)
    years = visited.year - int(found.group(1)) if found is not None else -1
    if not 0 <= years <= _OLDEST:
        return None
    return {"age_years": years, "age_method": "range", "age_low": max(years - 1, 0), "age_high": years}
