"""Tasks as data: which diagnoses count as which class, and what is left out for which reason.

A task is a pure function of a row's label: diagnosis path, candidates of a group label, malignancy and certainty. A
group label is judged candidate by candidate; where all agree that is the answer, else the row is left out as mixed.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import pandas as pd

from schemas import vocabulary
from schemas.errors import DataFault

__all__ = ["TASKS", "Label", "Task", "label_rows", "task"]

POSITIVE, NEGATIVE = "positive", "negative"
_MELANOMA = "Malignant:Malignant melanocytic proliferations (Melanoma)"
_EPIDERMAL = "Malignant:Malignant epidermal proliferations"
_BCC = "Malignant:Malignant adnexal epithelial proliferations - Follicular:Basal cell carcinoma"
_ACTINIC = "Indeterminate:Indeterminate epidermal proliferations:Solar or actinic keratosis"
_IN_SITU = f"{_EPIDERMAL}:Squamous cell carcinoma in situ"
_BENIGN_KERATOSES = tuple(
    f"Benign:Benign epidermal proliferations:{name}"
    for name in ("Seborrheic keratosis", "Solar lentigo", "Lichen planus like keratosis")
)
_NEVUS = "Benign:Benign melanocytic proliferations:Nevus"
_DERMATOFIBROMA = "Benign:Benign soft tissue proliferations - Fibro-histiocytic:Dermatofibroma"
_VASCULAR = ("Benign:Benign soft tissue proliferations - Vascular", "Benign:Hemorrhagic lesions")

# Classes of HAM10000 (Tschandl et al., Sci Data 5:180161, 2018), as codes/map_diagnosis.csv maps column dx.
_HAM10000 = {
    "mel": (_MELANOMA,),
    "nv": (_NEVUS,),
    "bcc": (_BCC,),
    "akiec": (_ACTINIC, _IN_SITU),
    "bkl": _BENIGN_KERATOSES,
    "df": (_DERMATOFIBROMA,),
    "vasc": _VASCULAR,
}
# Classes of the ISIC 2019 challenge; the class UNK of its test file is no diagnosis.
_ISIC2019 = {
    "MEL": (_MELANOMA,),
    "NV": (_NEVUS,),
    "BCC": (_BCC,),
    "AK": (_ACTINIC,),
    "BKL": _BENIGN_KERATOSES,
    "DF": (_DERMATOFIBROMA,),
    "VASC": _VASCULAR,
    "SCC": (_EPIDERMAL,),
}
# Classes of codes/diagnosis.csv, column family, without those that say no more than benign or malignant.
_FAMILIES = (
    "melanoma",
    "bcc",
    "scc",
    "merkel",
    "lymphoma",
    "other_malignant",
    "ak",
    "atypical_melanocytic",
    "nevus",
    "benign_melanocytic_other",
    "benign_keratosis",
    "dermatofibroma",
    "vascular",
    "inflammatory",
    "benign_other",
)


@dataclass(frozen=True, slots=True)
class Label:
    """What a row says about its diagnosis, as far as a task looks at it.

    Parameters
    ----------
    path : str or None
        Effective diagnosis, node of the tree.
    candidates : tuple of str
        Members of a label of kind ``group``; empty where a reviewer gave the label.
    malignancy : str
        Code of list ``malignancy``, effective.
    certainty : str or None
        Code of list ``diagnosis_certainty``.
    confirm_type : str or None
        How the diagnosis was confirmed.
    """

    path: str | None = None
    candidates: tuple[str, ...] = ()
    malignancy: str = "unknown"
    certainty: str | None = None
    confirm_type: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A question put to a model: the classes, and which diagnoses make them.

    Parameters
    ----------
    name : str
        What ``--task`` takes.
    kind : {"binary", "multiclass"}
        A binary task has a negative class 0 and a positive class 1.
    classes : tuple of str
        In the order of the columns ``p_0``, ``p_1``, ...
    malignant : tuple of str
        Classes that count as malignant.
    positive, negative, excluded : str
        The rule in words, for reports.
    node : callable
        ``(path or None, malignancy) -> answer`` for one node; an answer is ``positive``, ``negative``, a class of a
        multiclass task, or ``excluded:REASON``.
    version : int
        Raised with every change of the rule.
    """

    name: str
    kind: Literal["binary", "multiclass"]
    classes: tuple[str, ...]
    malignant: tuple[str, ...]
    positive: str
    negative: str
    excluded: str
    node: Callable[[str | None, str], str]
    version: int = 1

    def judge(self, label: Label) -> str:
        """Return ``positive``, ``negative`` (binary), a class (multiclass) or ``excluded:REASON``."""
        if label.certainty == "suspected":
            return "excluded:suspected"
        if not label.candidates:
            return self.node(label.path, label.malignancy)
        said = {self.node(each, vocabulary.malignancy_of(each)) for each in label.candidates}
        return said.pop() if len(said) == 1 else "excluded:mixed"

    def index(self, answer: str) -> int | None:
        """Return the class number of an answer of `judge`, None where the row is left out."""
        if answer.startswith("excluded:"):
            return None
        return {NEGATIVE: 0, POSITIVE: 1}[answer] if self.kind == "binary" else self.classes.index(answer)


# --- rules: one node of the tree, and the malignancy of the row where there is none ----------------------------------


def _by_malignancy(indeterminate: str) -> Callable[[str | None, str], str]:
    answers = {"malignant": POSITIVE, "benign": NEGATIVE, "non_neoplastic": NEGATIVE, "indeterminate": indeterminate}

    def rule(path: str | None, malignancy: str) -> str:
        del path
        return answers.get(malignancy, f"excluded:{malignancy}")

    return rule


def _melanoma(path: str | None, malignancy: str) -> str:
    node = vocabulary.diagnosis(path) if path else None
    if node is not None:
        return node.melanoma_task
    return NEGATIVE if malignancy == "non_neoplastic" else "excluded:unknown"


def _invasive_melanoma(path: str | None, malignancy: str) -> str:
    answer = _melanoma(path, malignancy)
    if answer != POSITIVE or path is None:
        return answer
    if any(
        vocabulary.is_ancestor(f"{_MELANOMA}:{name}", path) for name in ("Melanoma Invasive", "Melanoma metastasis")
    ):
        return POSITIVE
    return (
        "excluded:in_situ"
        if vocabulary.is_ancestor(f"{_MELANOMA}:Melanoma in situ", path)
        else "excluded:invasion_unknown"
    )


def _keratinocyte(path: str | None, malignancy: str) -> str:
    if path is not None and any(vocabulary.is_ancestor(above, path) for above in (_BCC, _EPIDERMAL)):
        return POSITIVE
    if malignancy in {"benign", "non_neoplastic"}:
        return NEGATIVE
    if malignancy == "malignant":
        return "excluded:undetermined" if path in {None, "Malignant"} else "excluded:other_malignant"
    return f"excluded:{malignancy}"


def _family(path: str | None, malignancy: str) -> str:
    del malignancy
    node = vocabulary.diagnosis(path) if path else None
    if node is None:
        return "excluded:unknown"
    return node.family if node.family in _FAMILIES else "excluded:above_family"


def _class_of(members: dict[str, tuple[str, ...]]) -> Callable[[str | None, str], str]:
    def rule(path: str | None, malignancy: str) -> str:
        del malignancy
        if path is None:
            return "excluded:unknown"
        for name, nodes in members.items():
            if any(vocabulary.is_ancestor(node, path) for node in nodes):
                return name
        return "excluded:no_class"

    return rule


def _binary(
    name: str, positive_class: str, rule: Callable[[str | None, str], str], words: tuple[str, str, str]
) -> Task:
    classes = ("benign", "malignant") if positive_class == "malignant" else (f"not_{positive_class}", positive_class)
    return Task(name, "binary", classes, classes[1:], *words, node=rule)


_UNSURE = "mixed, unknown, suspected, excluded by a decision"
_IN_WORDS = "malignant by the tree, in situ and keratoacanthoma included"
TASKS: tuple[Task, ...] = (
    _binary(
        "malignant",
        "malignant",
        _by_malignancy("excluded:indeterminate"),
        (_IN_WORDS, "benign, non-neoplastic", f"indeterminate, {_UNSURE}"),
    ),
    _binary(
        "malignant-indeterminate-positive",
        "malignant",
        _by_malignancy(POSITIVE),
        (f"{_IN_WORDS}; indeterminate", "benign, non-neoplastic", _UNSURE),
    ),
    _binary(
        "malignant-indeterminate-negative",
        "malignant",
        _by_malignancy(NEGATIVE),
        (_IN_WORDS, "benign, non-neoplastic, indeterminate", _UNSURE),
    ),
    _binary(
        "melanoma",
        "melanoma",
        _melanoma,
        (
            "melanoma in situ, invasive, metastasis, not specified",
            "every other known diagnosis",
            f"only 'malignant', malignant collision, indeterminate, {_UNSURE}",
        ),
    ),
    _binary(
        "melanoma-invasive",
        "melanoma_invasive",
        _invasive_melanoma,
        (
            "invasive melanoma, melanoma metastasis",
            "every known diagnosis but melanoma",
            f"melanoma in situ or not specified, only 'malignant', indeterminate, {_UNSURE}",
        ),
    ),
    _binary(
        "keratinocyte",
        "keratinocyte_cancer",
        _keratinocyte,
        (
            "basal cell carcinoma, malignant epidermal proliferations",
            "benign, non-neoplastic",
            f"other malignant, actinic keratosis, {_UNSURE}",
        ),
    ),
    Task(
        name="family",
        kind="multiclass",
        classes=_FAMILIES,
        malignant=_FAMILIES[:6],
        positive="the family of the diagnosis tree",
        negative="",
        excluded=f"diagnoses above the family level, {_UNSURE}",
        node=_family,
    ),
    Task(
        name="diagnosis7",
        kind="multiclass",
        classes=tuple(_HAM10000),
        # akiec holds Bowen's disease beside actinic keratosis; papers on HAM10000 count the class as malignant
        malignant=("mel", "bcc", "akiec"),
        positive="the seven classes of HAM10000",
        negative="",
        excluded=f"diagnoses outside the seven classes, {_UNSURE}",
        node=_class_of(_HAM10000),
    ),
    Task(
        name="diagnosis8",
        kind="multiclass",
        classes=tuple(_ISIC2019),
        malignant=("MEL", "BCC", "SCC"),
        positive="the eight classes of ISIC 2019",
        negative="",
        excluded=f"diagnoses outside the eight classes, {_UNSURE}",
        node=_class_of(_ISIC2019),
    ),
)


def task(name: str) -> Task:
    """Return a built-in task.

    Raises
    ------
    DataFault
        Where there is none of that name; the message lists the near ones.
    """
    known = {each.name: each for each in TASKS}
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or list(known)
    raise DataFault("is no task", value=name, remedy=f"Known: {', '.join(near)}; `harness tasks` lists all.")


# --- rows in, labels out ---------------------------------------------------------------------------------------------


@cache
def _judged(name: str, label: Label) -> tuple[int | None, str | None]:
    chosen = task(name)
    answer = chosen.judge(label)
    return chosen.index(answer), answer.partition(":")[2] or None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _labels(rows: pd.DataFrame) -> list[Label]:
    def column(name: str, instead: str = "") -> list[object]:
        found = name if name in rows else instead
        return list(rows[found]) if found in rows else [None] * len(rows)

    decided = column("label_origin")
    paths = column("label_path", "diagnosis_path")
    malignancies = column("label_malignancy", "malignancy")
    candidates = column("diagnosis_candidates")
    certainties = column("diagnosis_certainty")
    confirmations = column("confirm_type")
    return [
        # What a reviewer decided stands by itself: neither the source's doubt nor its candidates speak about it.
        Label(_text(path), (), _text(malignancy) or "unknown", None, _text(confirmed))
        if origin == "decision"
        else Label(
            _text(path),
            tuple(members) if isinstance(members, (list, tuple)) else (),
            _text(malignancy) or "unknown",
            _text(certainty),
            _text(confirmed),
        )
        for origin, path, members, malignancy, certainty, confirmed in zip(
            decided, paths, candidates, malignancies, certainties, confirmations, strict=True
        )
    ]


def label_rows(rows: pd.DataFrame, chosen: Task) -> pd.DataFrame:
    """Return the class number of every row, or why the task leaves it out.

    Parameters
    ----------
    rows : DataFrame
        Samples, or a view of them: the columns ``label_*`` and ``excluded`` of a view go before the recorded ones.
    chosen : Task
        A built-in task.

    Returns
    -------
    DataFrame
        Index of `rows`; ``y_true`` (Int64, missing where left out) and ``reason`` (str, missing where kept).
    """
    excluded = rows["excluded"].fillna(value=False).astype(bool) if "excluded" in rows else pd.Series(False, rows.index)
    judged = [
        (None, "excluded") if out else _judged(chosen.name, label)
        for out, label in zip(excluded, _labels(rows), strict=True)
    ]
    return pd.DataFrame(
        {
            "y_true": pd.array([number for number, _ in judged], dtype="Int64"),
            "reason": pd.array([reason for _, reason in judged], dtype="str"),
        },
        index=rows.index,
    )
