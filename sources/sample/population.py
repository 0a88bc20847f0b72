"""Who comes to the two clinics, with which lesions: patients and lesions of the sample, drawn from one seed.

Frequencies are skewed as in practice: many nevi, few melanomas, few people with dark skin, few children. They are
chosen, not measured; nothing here says anything about a real population.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sources.sample.chance import chance, pick, stream

__all__ = ["CLINICS", "KINDS", "PATIENTS", "TONES", "Kind", "Lesion", "Patient", "lesions_of", "patients"]

PATIENTS = 350
CLINICS = ("north", "volga")
TONES = ("I", "II", "III", "IV", "V", "VI")
_NORTH_SHARE = 0.6
_TONE_SHARES = {"north": (9, 33, 31, 15, 8, 4), "volga": (6, 40, 39, 11, 3, 1)}
# Melanin of bare skin per tone, in the units of `skin.SKIN_MELANIN`; see there for the colors that follow.
_TONE_MELANIN = (0.07, 0.20, 0.41, 0.71, 1.17, 1.80)

_EPIDERMAL = "Benign:Benign epidermal proliferations"
_NEVUS = "Benign:Benign melanocytic proliferations:Nevus"
_SOFT = "Benign:Benign soft tissue proliferations"
_MELANOMA = "Malignant:Malignant melanocytic proliferations (Melanoma)"
_BCC = "Malignant:Malignant adnexal epithelial proliferations - Follicular:Basal cell carcinoma"
_SQUAMOUS = "Malignant:Malignant epidermal proliferations"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of lesion.

    Parameters
    ----------
    name : str
        Short name, also the name of what `lesion` draws.
    path : str
        Node of the diagnosis tree.
    weight : float
        Relative frequency at middle age on light skin.
    age : tuple of float
        Mean and standard deviation of the age at which it is seen, years.
    on_dark_skin : float
        Frequency on types V and VI relative to types I and II.
    sites : str
        Where it grows: key of `_SITES`.
    """

    name: str
    path: str
    weight: float
    age: tuple[float, float]
    on_dark_skin: float
    sites: str

    @property
    def malignant(self) -> bool:
        """Whether the tree counts the kind as malignant."""
        return self.path.startswith("Malignant")


KINDS = (
    Kind("nevus_junctional", f"{_NEVUS}:Nevus, NOS, Junctional", 12, (32, 16), 0.9, "any"),
    Kind("nevus_compound", f"{_NEVUS}:Nevus, NOS, Compound", 13, (34, 16), 0.9, "any"),
    Kind("nevus_dermal", f"{_NEVUS}:Nevus, NOS, Dermal", 8, (45, 15), 0.8, "upper"),
    Kind("nevus", _NEVUS, 9, (36, 17), 1.0, "any"),
    Kind(
        "nevus_dysplastic",
        f"{_NEVUS}:Nevus, Atypical, Dysplastic, or Clark:Nevus, Dysplastic",
        8,
        (40, 14),
        0.3,
        "trunk",
    ),
    Kind("nevus_blue", f"{_NEVUS}:Blue nevus", 2, (40, 15), 1.2, "limbs"),
    Kind("seborrheic_keratosis", f"{_EPIDERMAL}:Seborrheic keratosis", 13, (66, 12), 0.9, "upper"),
    Kind("solar_lentigo", f"{_EPIDERMAL}:Solar lentigo", 4, (64, 12), 0.2, "sun"),
    Kind(
        "actinic_keratosis",
        "Indeterminate:Indeterminate epidermal proliferations:Solar or actinic keratosis",
        5,
        (70, 10),
        0.1,
        "sun",
    ),
    Kind("dermatofibroma", f"{_SOFT} - Fibro-histiocytic:Dermatofibroma", 4, (45, 14), 1.2, "limbs"),
    Kind("hemangioma", f"{_SOFT} - Vascular:Hemangioma:Hemangioma, Cherry", 5, (56, 15), 0.8, "trunk"),
    Kind(
        "melanoma_superficial",
        f"{_MELANOMA}:Melanoma Invasive:Melanoma Invasive, Superficial spreading",
        4.4,
        (60, 15),
        0.35,
        "any",
    ),
    Kind("melanoma_nodular", f"{_MELANOMA}:Melanoma Invasive:Melanoma Invasive, Nodular", 1.7, (65, 13), 0.5, "any"),
    Kind("melanoma_in_situ", f"{_MELANOMA}:Melanoma in situ", 1.9, (58, 14), 0.35, "any"),
    Kind("basal_cell_nodular", f"{_BCC}:Basal cell carcinoma, Nodular", 7.5, (70, 11), 0.15, "sun"),
    Kind("basal_cell_superficial", f"{_BCC}:Basal cell carcinoma, Superficial", 3.2, (66, 12), 0.15, "trunk"),
    Kind("squamous_cell", f"{_SQUAMOUS}:Squamous cell carcinoma, NOS", 4.0, (74, 10), 0.3, "sun"),
    Kind(
        "bowen",
        f"{_SQUAMOUS}:Squamous cell carcinoma in situ:Squamous cell carcinoma in situ, Bowens disease",
        1.6,
        (72, 10),
        0.3,
        "limbs",
    ),
)
_BY_NAME = {kind.name: kind for kind in KINDS}

_FACE = "Head and neck:Head:Face"
_BACK = "Trunk:Posterior trunk"
_SITES: dict[str, tuple[tuple[str, float], ...]] = {
    "trunk": (
        (f"{_BACK}:Upper back", 5),
        (f"{_BACK}:Lower back", 3),
        (_BACK, 2),
        ("Trunk:Anterior trunk:Anterior chest", 4),
        ("Trunk:Anterior trunk:Anterior abdomen", 3),
        ("Trunk:Lateral trunk", 1),
    ),
    "limbs": (
        ("Upper extremity:Forearm", 3),
        ("Upper extremity:Upper arm", 3),
        ("Lower extremity:Lower leg", 5),
        ("Lower extremity:Thigh", 4),
        ("Lower extremity:Foot", 1),
        ("Upper extremity:Hand", 1),
    ),
    "sun": (
        (f"{_FACE}:Cheek", 5),
        (f"{_FACE}:Nose", 5),
        (f"{_FACE}:Forehead", 4),
        (f"{_FACE}:Temple", 3),
        ("Head and neck:Head:Scalp", 2),
        ("Head and neck:Head:Ear", 2),
        ("Head and neck:Neck", 2),
        ("Upper extremity:Forearm", 2),
        ("Upper extremity:Hand:Dorsum of hand", 2),
    ),
}
_SITES["upper"] = (*_SITES["trunk"], (f"{_FACE}:Cheek", 2), (f"{_FACE}:Temple", 2), ("Head and neck:Neck", 3))
_SITES["any"] = (
    *_SITES["trunk"],
    *_SITES["limbs"],
    (f"{_FACE}:Cheek", 1),
    ("Head and neck:Neck", 1),
    ("Lower extremity:Foot:Sole of foot", 0.6),
)
_MIDLINE = {f"{_FACE}:Nose", f"{_FACE}:Forehead", "Trunk:Anterior trunk:Anterior abdomen"}


@dataclass(frozen=True, slots=True)
class Patient:
    """A person, with what skin and hair look like.

    Parameters
    ----------
    number : int
    clinic : str
        One of `CLINICS`.
    sex : str
        ``male`` or ``female``.
    age_months : int
        Age in months.
    tone : str
        Fitzpatrick type, one of `TONES`.
    melanin, hemoglobin : float
        Pigments of bare skin, in the units of `skin`.
    freckles, sun_damage : float
        0..1.
    hairiness : float
        0..1.
    """

    number: int
    clinic: str
    sex: str
    age_months: int
    tone: str
    melanin: float
    hemoglobin: float
    freckles: float
    sun_damage: float
    hairiness: float

    @property
    def age_years(self) -> int:
        """Completed years."""
        return self.age_months // 12


@dataclass(frozen=True, slots=True)
class Lesion:
    """One lesion of one patient.

    Parameters
    ----------
    seed, number : int
        Name of all its random streams.
    patient : Patient
    kind : str
        Name of a `Kind`.
    site : str
        Node of the site tree.
    side : str
        ``left``, ``right`` or ``midline``.
    atypia : float
        0..1: how asymmetric, ragged and variegated it is. Kinds overlap in it, so that no rule separates them.
    diameter_mm : float
        Longest diameter, mm.
    """

    seed: int
    number: int
    patient: Patient
    kind: str
    site: str
    side: str
    atypia: float
    diameter_mm: float

    @property
    def path(self) -> str:
        """Node of the diagnosis tree."""
        return _BY_NAME[self.kind].path

    @property
    def malignant(self) -> bool:
        """Whether the tree counts the lesion as malignant."""
        return _BY_NAME[self.kind].malignant


def _age_months(rng: np.random.Generator) -> int:
    if chance(rng, 0.04):
        return int(rng.integers(5, 16 * 12))
    return int(np.clip(rng.normal(54, 17), 16, 93) * 12)


def _patient(seed: int, number: int) -> Patient:
    rng = stream(seed, "patient", number)
    clinic = "north" if chance(rng, _NORTH_SHARE) else "volga"
    tone = pick(rng, range(len(TONES)), _TONE_SHARES[clinic])
    months = _age_months(rng)
    fair = tone <= 1
    sun = float(np.clip(rng.normal((months / 12 - 45) / 50, 0.2), 0, 1)) * (1.0 if tone <= 2 else 0.3)
    sex = "female" if chance(rng, 0.56) else "male"
    return Patient(
        number=number,
        clinic=clinic,
        sex=sex,
        age_months=months,
        tone=TONES[tone],
        melanin=float(_TONE_MELANIN[tone] * np.exp(rng.normal(0, 0.11)) + rng.normal(0, 0.015)),
        hemoglobin=float(np.clip(rng.normal(0.34, 0.06), 0.18, 0.55)),
        freckles=float(rng.beta(1.2, 3)) if fair else float(rng.beta(1, 9)),
        sun_damage=sun,
        hairiness=float(rng.beta(2, 3)) if sex == "male" else float(rng.beta(1.2, 5)),
    )


def patients(seed: int) -> tuple[Patient, ...]:
    """Return the patients of both clinics."""
    return tuple(_patient(seed, number) for number in range(1, PATIENTS + 1))


def _weight(kind: Kind, patient: Patient) -> float:
    mean, deviation = kind.age
    distance = (patient.age_years - mean) / deviation
    tone = TONES.index(patient.tone)
    share = 1 + (kind.on_dark_skin - 1) * max(0, tone - 1) / 4
    # A flat floor lets a kind occur outside its usual age, but not in children.
    floor = 0.06 if patient.age_years >= 18 else 0.0
    return kind.weight * share * (float(np.exp(-0.5 * distance**2)) + floor)


def _atypia(rng: np.random.Generator, kind: str) -> float:
    """Draw from distributions that overlap: an early melanoma may look calm, a keratosis alarming."""
    if kind in {"melanoma_superficial", "melanoma_nodular"}:
        return float(rng.beta(4.5, 2))
    if kind in {"melanoma_in_situ", "nevus_dysplastic"}:
        return float(rng.beta(3, 3.2))
    if kind == "seborrheic_keratosis":
        return float(rng.beta(2, 3.5))
    return float(rng.beta(1.6, 5))


_DIAMETERS = {
    "nevus_blue": 4.5,
    "hemangioma": 3.6,
    "dermatofibroma": 5.5,
    "melanoma_superficial": 8.5,
    "melanoma_nodular": 7.0,
}


def _lesion(seed: int, number: int, patient: Patient, rng: np.random.Generator) -> Lesion:
    kind = pick(rng, KINDS, [_weight(each, patient) for each in KINDS])
    acral = kind.name == "melanoma_superficial" and patient.tone in {"V", "VI"}
    places = (("Lower extremity:Foot:Sole of foot", 1.0),) if acral else _SITES[kind.sites]
    site = pick(rng, [place for place, _ in places], [weight for _, weight in places])
    middle = _DIAMETERS.get(kind.name, 7.0 if kind.malignant or "kerato" in kind.name else 5.2)
    side = "midline" if site in _MIDLINE and chance(rng, 0.5) else pick(rng, ("left", "right"))
    return Lesion(
        seed=seed,
        number=number,
        patient=patient,
        kind=kind.name,
        site=site,
        side=side,
        atypia=_atypia(rng, kind.name),
        diameter_mm=float(np.clip(middle * np.exp(rng.normal(0, 0.26)), 2.2, 12.5)),
    )


def lesions_of(seed: int, everyone: tuple[Patient, ...]) -> tuple[Lesion, ...]:
    """Return one to four lesions of each patient, numbered from 1."""
    found: list[Lesion] = []
    for patient in everyone:
        rng = stream(seed, "lesions", patient.number)
        for _ in range(pick(rng, (1, 2, 3, 4), (66, 23, 9, 2))):
            found.append(_lesion(seed, len(found) + 1, patient, rng))
    return tuple(found)
