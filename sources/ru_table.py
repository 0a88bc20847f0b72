"""Any Russian table of patients, CSV or workbook, as its profile describes it (``curate profile FILE`` drafts one)."""

from __future__ import annotations

import fnmatch
import functools
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from schemas.errors import Fault, Place, UserError
from sources.profile import read_profile
from sources.reading import russian
from sources.reading.images import File, Pictures, absent, list_files
from sources.reading.profiles import ImageColumn, Profile
from sources.reading.pseudonyms import key, pseudonym
from sources.reading.redaction import Redactor, is_person, is_snils
from sources.reading.russian_diagnosis import nearest
from sources.reading.russian_record import Record as Meaning
from sources.reading.russian_record import RecordReader, resolve
from sources.reading.russian_sheets import Found, find_sheets, lookups, person_names, personal_columns
from sources.reading.sheets import SheetRow
from sources.source import FactSheet, ImageRef, Options, Row, Source
from sources.transport.archive import is_archive

__all__ = ["SOURCE"]

NAME = "ru_table"

_SHEET = FactSheet(
    title="A Russian table of patients with pictures",
    version="1",
    language="Russian",
    licence="unknown-licence",
    access="none",
    summary="CSV or workbook described by a profile: МКБ-10, МКБ-О, diagnoses, sites, ages, skin types in Russian.",
    how_to_get="Yours: `curate profile FILE --out P.yaml`, correct it, `curate ingest ru_table FILE --profile P.yaml`.",
    redistribute="no",
    limitations="Nothing is known of it but what the table says.",
    id_issuers={NAME: "keyed hashes of the owner's numbers and names of patients"},
    # A journal often names pictures that were never copied: its rows stay, and each is noted.
    pictures_may_be_absent=True,
    one_of_many=True,
)
_SPLIT = re.compile(r"\s*[;|\n]\s*")
_COMMA = re.compile(r"\s*,\s*")
_NOT_COMPARED = frozenset({"diagnoses"})


def rows(options: Options) -> Iterator[Row | Fault]:
    """Yield a row for each picture that the table names."""
    if options.location is None:
        raise UserError("needs a LOCATION: the table, or a folder that holds it", value=NAME)
    if options.profile is None:
        remedy = f"Draft one: curate profile {options.location} --out PROFILE.yaml"
        raise UserError("needs --profile PROFILE.yaml", value=NAME, remedy=remedy)
    profile = read_profile(options.profile)
    if profile.format != "ru_table/1":
        raise UserError(f"is a profile of format {profile.format}", value=profile.name, remedy="ru_table/1 is needed.")
    yield from _Table(profile, options).rows()


@dataclass(frozen=True, slots=True)
class _Sample:
    """One picture of one row, before rows that name the same picture are compared."""

    row: Row
    shown: str
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class _Reading:
    """What all rows of a location are read with."""

    profile: Profile
    codes: Mapping[str, Mapping[str, str]]
    redact: Redactor
    secret: bytes
    pictures: Pictures | None


class _Table:
    """Reads the sheets of one location."""

    def __init__(self, profile: Profile, options: Options) -> None:
        location = Path(str(options.location))
        listing = list_files(str(location), archives=not options.metadata_only)
        is_file = location.is_file() and not is_archive(location)
        tables = [file for file in listing.files if not is_file or file.path == location.name]
        self._profile = profile
        self._sheets, every = find_sheets(tables, profile, location=str(location))
        self._personal = [self._personal_of(found) for found in self._sheets]
        pairs = zip(self._sheets, self._personal, strict=True)
        names = [name for found, personal in pairs for name in person_names(found, personal)]
        pictures = None if options.metadata_only else Pictures(_below(listing.pictures(), profile.image_folder))
        codes = lookups(profile, every, listing.files)
        self._reading = _Reading(profile, codes, Redactor(names), key(), pictures)
        self._redact = self._reading.redact
        self._faults = listing.faults

    def _personal_of(self, found: Found) -> Mapping[str, str]:
        reader = RecordReader(self._profile, found.header.names, {})
        taken = reader.taken() | {
            name for each in self._profile.images if (name := resolve(each.names, found.header.names))
        }
        personal = personal_columns(found, taken, keep_text=self._profile.keep_text)
        dropped = {
            name: "named under `drop`" for each in self._profile.drop if (name := resolve((each,), found.header.names))
        }
        return {**personal, **dropped}

    def rows(self) -> Iterator[Row | Fault]:
        yield from self._faults
        samples: dict[str, list[_Sample]] = defaultdict(list)
        for found, personal in zip(self._sheets, self._personal, strict=True):
            yield from self._about(found, personal)
            for made in _Sheet(self._reading, found, personal).samples():
                if isinstance(made, Fault):
                    yield made
                else:
                    samples[str(made.row.fields["source_image_id"])].append(made)
        for same in samples.values():
            yield from same[0].faults
            yield from _one(same)
        yield from _unmapped([same[0].row for same in samples.values()], self._place(self._sheets[0].sheet.file))
        if self._reading.pictures is not None:
            table = self._place(self._sheets[0].sheet.file)
            yield from (self._hidden(fault) for fault in self._reading.pictures.unnamed(table=table))

    def _place(self, file: str) -> str:
        return self._redact(file)

    def _hidden(self, fault: Fault) -> Fault:
        place = Place(self._redact(fault.place.file)) if fault.place is not None else None
        return replace(fault, place=place, severity="note")

    def _about(self, found: Found, personal: Mapping[str, str]) -> Iterator[Fault]:
        """Yield notes about a sheet: how it was read, and which columns were not taken."""
        title = self._place(found.sheet.title)
        skipped = [row for row in found.rows() if isinstance(row, SheetRow) and row.skipped]
        if found.sheet.encoding is not None:
            what = f"was read as {found.sheet.encoding}, columns split at {found.sheet.delimiter!r}"
            yield Fault("K04", what, Place(title), severity="note")
        if skipped:
            numbers = ", ".join(str(row.number) for row in skipped[:5])
            what = f"{len(skipped)} rows are totals or signatures and were skipped: {numbers}"
            yield Fault("K04", what, Place(title), severity="note")
        for column, why in personal.items():
            what = f"looks like {why}; it was not taken as it stands"
            yield Fault("R05", what, Place(title, column=column), severity="note", column=column)


def _below(files: Sequence[File], folder: str | None) -> list[File]:
    if folder is None:
        return list(files)
    parts = PurePosixPath(folder).parts
    return [file for file in files if PurePosixPath(file.path).parts[: len(parts)] == parts]


class _Sheet:
    """Reads the rows of one sheet as samples."""

    def __init__(self, reading: _Reading, found: Found, personal: Mapping[str, str]) -> None:
        header = found.header.names
        profile = reading.profile
        self._profile, self._found, self._pictures = profile, found, reading.pictures
        self._redact, self._secret = reading.redact, reading.secret
        self._reader = RecordReader(profile, header, reading.codes)
        self._patient = resolve(profile.ids.patient, header)
        self._join = [name for each in profile.ids.join if (name := resolve((each,), header)) is not None]
        self._lesion = resolve(profile.ids.lesion, header)
        self._images = [(each, name) for each in profile.images if (name := resolve(each.names, header)) is not None]
        ids = {self._patient, *self._join}
        kept = self._reader.taken() | {self._lesion} | {name for _, name in self._images}
        if profile.keep_text:
            kept |= set(header)
        self._raw = [name for name in header if name and name in kept and name not in ids and name not in personal]
        self._title = self._redact(found.sheet.title)

    def samples(self) -> Iterator[_Sample | Fault]:
        """Yield what each row says of each picture that it names."""
        for row in self._found.rows():
            if isinstance(row, Fault):
                yield replace(row, place=Place(self._title, row.place.row if row.place else None))
            elif isinstance(row, SheetRow) and not row.skipped:
                yield from self._row(row)

    def _row(self, row: SheetRow) -> Iterator[_Sample | Fault]:
        named = [(column, name) for column, header in self._images for name in _names(row.cells[header], column)]
        place = Place(self._title, row.number)
        if not named:
            yield Fault("K02", "names no picture; it was not taken", place, severity="note")
            return
        meaning = self._reader.read(row.cells)
        fields = {**self._clean(meaning), **self._ids(row.cells, self._image_id(named[0][1]), several=len(named) > 1)}
        raw = {name: self._redact(row.cells[name]) for name in self._raw}
        unmapped = {column: self._redact(text) for column, text in meaning.unmapped.items()}
        for column, name in named:
            yield self._sample(meaning, Row(place, fields, raw, None, unmapped), column, name)

    def _sample(self, meaning: Meaning, row: Row, column: ImageColumn, name: str) -> _Sample:
        image_id = self._image_id(name)
        kind = self._kind(name, column, row.fields)
        fields = {**row.fields, "source_image_id": image_id, **kind}
        if fields.get("image_type") != "dermoscopic":
            fields.pop("dermoscopic_type", None)
        image = self._pictures.find(name) if self._pictures is not None else None
        faults = [*self._notes(meaning, row.place, image_id)]
        if isinstance(image, Fault):
            faults.append(replace(image, place=row.place, value=None, sample_ids=(f"{NAME}:{image_id}",)))
            image = None
        elif image is None and self._pictures is not None:
            what = "names a picture that is not below the location; the row stays without it"
            faults.append(Fault("I03", what, row.place, image_id, severity="note", sample_ids=(f"{NAME}:{image_id}",)))
            image = ImageRef(image_id, functools.partial(absent, "is not below the location"))
        return _Sample(replace(row, fields=fields, image=image), image_id, tuple(faults))

    def _notes(self, meaning: Meaning, place: Place, image_id: str) -> Iterator[Fault]:
        ids = (f"{NAME}:{image_id}",)
        for remark in meaning.remarks:
            yield Fault("V04", remark, place, severity="note", sample_ids=ids)
        if meaning.verdict.conflict is not None:
            one, other = (self._redact(each.raw) for each in meaning.verdict.conflict)
            what = f"«{one}» and «{other}» differ in malignancy; the first was followed"
            yield Fault(
                "V04",
                what,
                place,
                severity="conflict",
                sample_ids=ids,
                column="diagnosis_path",
                found=one,
                expected=other,
            )

    def _clean(self, meaning: Meaning) -> dict[str, object]:
        fields = dict(meaning.fields)
        labels = fields.get("diagnoses")
        if isinstance(labels, list):
            fields["diagnoses"] = [{**label, "raw": self._redact(str(label["raw"]))} for label in labels]
        if "device" in fields:
            fields["device"] = self._redact(str(fields["device"]))
        for column in ("licence", "attribution"):
            if column in self._profile.constants:
                fields[column] = self._profile.constants[column]
        return fields

    # --- who, which and where ----------------------------------------------------------------------------------------

    def _ids(self, cells: Mapping[str, str], first_image: str, *, several: bool) -> dict[str, object]:
        who = _whole(cells[self._patient]) if self._patient is not None else ""
        patient = None if russian.is_empty(who) else f"{NAME}:{self._hash(who, *(cells[name] for name in self._join))}"
        which = _whole(cells[self._lesion]) if self._lesion is not None else ""
        lesion: str | None = None
        if not russian.is_empty(which):
            shown = which if self._redact.clean(which) else self._hash(which)
            lesion = (
                f"{patient or NAME}:{shown}" if self._profile.ids.within_patient else f"{NAME}:{self._scoped(shown)}"
            )
        elif several:
            # Pictures of one row show one lesion.
            lesion = f"{NAME}:{first_image}"
        return {name: value for name, value in (("patient_id", patient), ("lesion_id", lesion)) if value is not None}

    def _hash(self, text: str, *more: str) -> str:
        """Return the pseudonym of a number or a name; a СНИЛС is the same person in all clinics, a code is not."""
        scope = () if is_snils(text) else (self._profile.collection or "",)
        return pseudonym(self._secret, text, *more, *scope)

    def _scoped(self, name: str) -> str:
        return f"{self._profile.collection}/{name}" if self._profile.collection else name

    def _image_id(self, name: str) -> str:
        path = PurePosixPath(name.replace("\\", "/"))
        parts = [
            part if self._is_clean(part) else self._hash(part) + path.suffix.casefold() * (part == path.name)
            for part in path.parts
        ]
        return self._scoped("/".join(part for part in parts if part not in {"/", ".."}))

    def _is_clean(self, part: str) -> bool:
        stem = part.rpartition(".")[0] or part
        return self._redact.clean(part) and not is_person(stem.replace("_", " "))

    def _kind(self, name: str, column: ImageColumn, fields: Mapping[str, object]) -> dict[str, object]:
        """Return what kind of picture it is: by its name, its column, its row, in this order."""
        file = PurePosixPath(name.replace("\\", "/")).name.casefold()
        patterns = self._profile.image_types.items()
        by_name = next((kind for pattern, kind in patterns if fnmatch.fnmatch(file, pattern.casefold())), None)
        said = by_name or column.type
        if said is None:
            return {"image_type": fields["image_type"]} if "image_type" in fields else {}
        return {"image_type": russian.image_type(said)[0].code or said}


def _whole(text: str) -> str:
    """Return an id that a spreadsheet made a number as it was typed."""
    return re.sub(r"^(\d+)[.,]0+$", r"\1", text.strip())


def _names(cell: str, column: ImageColumn) -> list[str]:
    """Return the names of pictures in a cell."""
    if column.split is not None:
        parts = cell.split(column.split)
    else:
        parts = [part for each in _SPLIT.split(cell) for part in _COMMA.split(each)]
    return list(dict.fromkeys(part.strip() for part in parts if not russian.is_empty(part)))


def _one(same: Sequence[_Sample]) -> Iterator[Row | Fault]:
    """Yield the one row of a picture that several rows name; what they do not agree in is null, and a conflict."""
    first = same[0].row
    if len(same) == 1:
        yield first
        return
    lines = ", ".join(str(each.row.place.row) for each in same)
    ids = (f"{NAME}:{first.fields['source_image_id']}",)
    others = [each.row.fields for each in same[1:]]
    names = sorted({name for fields in (first.fields, *others) for name in fields} - _NOT_COMPARED)
    differing = [name for name in names if any(fields.get(name) != first.fields.get(name) for fields in others)]
    if not differing:
        yield Fault(
            "K01",
            f"rows {lines} are the same; one was taken",
            first.place,
            same[0].shown,
            severity="note",
            sample_ids=ids,
        )
        yield first
        return
    for name in differing:
        values = [str(each.row.fields.get(name)) for each in same]
        what = f"rows {lines} name the same picture and differ in {name}: {' / '.join(values)}"
        yield Fault(
            "K01", what, first.place, same[0].shown, "Correct the table.", "conflict", ids, name, values[0], values[1]
        )
    yield replace(first, fields=_agreed(same, differing))


def _unmapped(rows: Sequence[Row], table: str) -> Iterator[Fault]:
    """Yield a note for each diagnosis that no table has, with what looks like it and the line that would map it."""
    texts = Counter(row.unmapped["diagnosis_path"] for row in rows if "diagnosis_path" in row.unmapped)
    for text, count in sorted(texts.items()):
        near = nearest(text)
        hint = f"; near: {', '.join(near)}" if near else ""
        remedy = f'Add to the profile: values: {{diagnosis: {{"{text}": "{near[0] if near else "..."}"}}}}.'
        what = f"is a diagnosis that no table has, in {count} rows{hint}"
        yield Fault("K06", what, Place(table), text, remedy, severity="note", column="diagnosis_path", found=text)


def _agreed(same: Sequence[_Sample], differing: Sequence[str]) -> dict[str, object]:
    fields = {name: value for name, value in same[0].row.fields.items() if name not in differing}
    if not {"diagnosis_path", "diagnosis_candidates", "diagnosis_kind"}.isdisjoint(differing):
        said = [each.row.fields.get("diagnosis_path") for each in same]
        paths = list(dict.fromkeys(str(path) for path in said if path is not None))
        for name in ("diagnosis_path", "diagnosis_candidates", "diagnosis_kind", "diagnosis_certainty", "confirm_type"):
            fields.pop(name, None)
        if len(paths) > 1:
            fields |= {"diagnosis_kind": "group", "diagnosis_candidates": paths, "diagnosis_certainty": "differential"}
    return fields


SOURCE = Source(name=NAME, adapter_version="1", sheet=_SHEET, rows=rows)
