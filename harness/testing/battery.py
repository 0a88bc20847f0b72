"""The checks of the conformance battery, one method each."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from harness.models import catalogue
from harness.models.catalogue import Target
from harness.models.fitting import Job, as_model, checked
from harness.protocol import Context, Model
from harness.testing.drawn import DrawnTable, drawn_table
from harness.training.recipe import resolve
from harness.workers import InvalidOutput

Status = Literal["pass", "fail", "skip", "warn"]

EASY_AUROC = 0.8
# A network's sums differ by the size of the batch; anything larger is a model that looks at its neighbors.
BATCH_TOLERANCE = 1e-5
TRAIN, VALID, TEST = 64, 32, 40
ODD_SIZES = ((8, 8), (1, 300), (300, 1), (64, 64), (600, 450))
EPOCHS = 4


@dataclass(frozen=True, slots=True)
class Check:
    """What one check found.

    Parameters
    ----------
    id, title : str
        ``P04`` and what it looks at.
    status : {"pass", "fail", "skip", "warn"}
        A warning is no failure.
    remedy : str
        What to do where it did not pass.
    """

    id: str
    title: str
    status: Status
    remedy: str = ""


def check_model(model: object) -> list[Check]:
    """Run a model through the battery.

    Parameters
    ----------
    model : object
        A name as `harness run --model` takes it, or the class, object or function itself.

    Returns
    -------
    list of Check
        One per check, in the order of their ids. A model that cannot be fitted ends with that check.
    """
    with tempfile.TemporaryDirectory() as folder:
        return _Battery(model, Path(folder)).run()


@dataclass
class _Battery:
    """The checks of one model; what the first fit gives is used by the later ones."""

    given: object
    folder: Path
    found: list[Check] = field(default_factory=list)
    fits: int = 0

    def run(self) -> list[Check]:
        if not self._try("P01", "resolves and imports", self._resolves, "Make the import work on its own first."):
            return self.found
        if not self._try(
            "P02", "can be built twice", self._builds_twice, "Building must not depend on what was built before."
        ):
            return self.found
        remedy = "fit must take images of mixed sizes and any number of classes."
        if not self._try("P03", "fits two and three classes", self._fits, remedy):
            return self.found
        for name, title, look, remedy in self._checks():
            self._try(name, title, look, remedy)
        self._try("P21", "learns an easy task", self._learns, "It may be meant so; else look at its loss.", mild=True)
        return sorted(self.found, key=lambda check: check.id)

    def _checks(self) -> tuple[tuple[str, str, Callable[[], str | None], str], ...]:
        return (
            ("P04", "gives probabilities", self._gives_probabilities, "Return finite (n, K), rows summing to 1."),
            ("P05", "columns follow the classes", self._columns_follow, "Column k belongs to context.classes[k]."),
            ("P06", "the size of a batch changes nothing", self._batches_agree, "Predict each image by itself."),
            ("P07", "the order of images changes nothing", self._order_agrees, "Rows must follow the table's order."),
            ("P08", "equal images get equal scores", self._equal_agree, "Draw nothing while predicting."),
            ("P09", "leaves its input alone", self._input_stays, "Copy an image before changing it."),
            ("P10", "two fits with one seed agree", self._repeats, "Draw from context.rng(name) only."),
            ("P11", "a class may be absent from validation", self._class_absent, "Give every class its column."),
            ("P12", "takes any size of image", self._odd_sizes, "Resize before stacking; images may be tiny or flat."),
            ("P13", "takes an empty table", self._empty, "Return shape (0, K)."),
            ("P14", "takes missing and unseen metadata", self._odd_metadata, "Treat both as unknown."),
            ("P19", "is the same after save and load", self._saved, "Save all that predict_proba needs."),
            ("P23", "asks for no label while predicting", self._labels_hidden, "Do not read images.labels there."),
        )

    def _try(self, name: str, title: str, look: Callable[[], str | None], remedy: str, *, mild: bool = False) -> bool:
        """Note how one check ended; a text that a check returns is why it was left out."""
        try:
            left_out = look()
        except Exception as error:  # noqa: BLE001 - whatever a plugin raises is what the check has found
            said = (
                f"{type(error).__name__}: {error}"
                if not isinstance(error, InvalidOutput | AssertionError)
                else str(error)
            )
            self.found.append(Check(name, title, "warn" if mild else "fail", f"{said.splitlines()[0]} {remedy}"))
            return False
        self.found.append(Check(name, title, "skip" if left_out else "pass", left_out or ""))
        return True

    # --- the checks ---

    def _resolves(self) -> None:
        self.target = (
            catalogue.resolve(self.given) if isinstance(self.given, str) else Target("model", "model", "module", "")
        )
        self.object = self.given
        if isinstance(self.given, str):
            self.target = catalogue.resolve(self.given)
            _demand(self.target.architecture is None, "is built in and needs no check")
            self.object = catalogue.load(self.target)

    def _builds_twice(self) -> None:
        for _ in range(2):
            self._built(2)

    def _fits(self) -> None:
        self.train, self.valid = drawn_table(TRAIN, n_classes=2, seed=0), drawn_table(VALID, n_classes=2, seed=1)
        self.test = drawn_table(TEST, n_classes=2, seed=2)
        self.asked = self.test.taken(range(TEST))
        self.model = self._fitted(self.train, self.valid, 2)
        three = drawn_table(TRAIN, n_classes=3, seed=3)
        self._scores(self._fitted(three, three, 3), self.asked, 3)

    def _gives_probabilities(self) -> None:
        self.scores = self._scores(self.model, self.asked, 2)

    def _columns_follow(self) -> str | None:
        if not hasattr(self, "scores") or _area(self.test, self.scores) < EASY_AUROC:
            return "it did not learn the easy task, so its columns cannot be told apart"
        swapped = [DrawnTable(table.images, 1 - table.labels, table.frame) for table in (self.train, self.valid)]
        scores = self._scores(self._fitted(swapped[0], swapped[1], 2), self.asked, 2)
        _demand(
            _area(self.test, scores[:, ::-1]) > 0.5, "the columns stay where they were when the classes change places"
        )
        return None

    def _batches_agree(self) -> None:
        whole = self._scores(self.model, self.asked, 2)
        for size in (1, 7):
            parts = [self._scores(self.model, self.asked.taken(rows), 2) for rows in _chunks(TEST, size)]
            gap = float(np.abs(np.concatenate(parts) - whole).max())
            _demand(gap <= BATCH_TOLERANCE, f"scores differ by {gap:.2g} in tables of {size}")

    def _order_agrees(self) -> None:
        rows = range(TEST)[::-1]
        gap = np.abs(
            self._scores(self.model, self.asked.taken(rows), 2)[::-1] - self._scores(self.model, self.asked, 2)
        )
        _demand(
            float(gap.max()) <= BATCH_TOLERANCE, f"scores differ by {gap.max():.2g} when the images are turned round"
        )

    def _equal_agree(self) -> None:
        scores = self._scores(self.model, self.asked.taken([0, 1, 0, 2, 0]), 2)
        gap = float(np.ptp(scores[[0, 2, 4]], axis=0).max())
        _demand(gap <= BATCH_TOLERANCE, f"scores of one image differ by {gap:.2g}")

    def _input_stays(self) -> None:
        before = [image.copy() for image in self.asked.images]
        self._scores(self.model, self.asked, 2)
        changed = sum(not np.array_equal(one, other) for one, other in zip(before, self.asked.images, strict=True))
        _demand(changed == 0, f"{changed} images were changed")

    def _repeats(self) -> None:
        again = self._scores(self._fitted(self.train, self.valid, 2), self.asked, 2)
        gap = float(np.abs(again - self._scores(self.model, self.asked, 2)).max())
        _demand(gap == 0, f"scores of two fits differ by {gap:.2g}")

    def _class_absent(self) -> None:
        rows = np.flatnonzero(self.valid.labels == 0)
        images = [self.valid.images[row] for row in rows]
        one_class = DrawnTable(images, self.valid.labels[rows], self.valid.frame.iloc[rows].reset_index(drop=True))
        self._scores(self._fitted(self.train, one_class, 2), self.asked, 2)

    def _odd_sizes(self) -> None:
        odd = drawn_table(len(ODD_SIZES), n_classes=2, seed=4, sizes=ODD_SIZES)
        flat = [np.full((64, 48, 3), value, np.uint8) for value in (0, 128, 255)]
        ages = pd.DataFrame({"age": [50.0] * (len(odd) + 3), "sex": ["male"] * (len(odd) + 3)})
        self._scores(self.model, DrawnTable(odd.images + flat, None, ages), 2)

    def _empty(self) -> None:
        self._scores(self.model, self.asked.taken([]), 2)

    def _odd_metadata(self) -> None:
        frame = pd.DataFrame({"age": [np.nan] * TEST, "sex": ["never seen"] * TEST})
        self._scores(self.model, DrawnTable(self.asked.images, None, frame), 2)

    def _saved(self) -> str | None:
        if not callable(getattr(self.model, "save", None)) or not callable(getattr(type(self.model), "load", None)):
            return "it has no save and load"
        kept = self.folder / "saved"
        kept.mkdir()
        self.model.save(kept)  # type: ignore[attr-defined]
        loaded = type(self.model).load(kept, self._context(2))  # type: ignore[attr-defined]
        gap = np.abs(self._scores(loaded, self.asked, 2) - self._scores(self.model, self.asked, 2))
        _demand(float(gap.max()) == 0, f"scores differ by {gap.max():.2g} after loading")
        return None

    def _labels_hidden(self) -> None:
        # A table with labels in place of one without: a model that reads them gives other scores.
        answers = DrawnTable(self.asked.images, 1 - self.test.labels, self.asked.frame)
        gap = np.abs(self._scores(self.model, answers, 2) - self._scores(self.model, self.asked, 2))
        _demand(float(gap.max()) == 0, "scores change with the labels of the images asked about")

    def _learns(self) -> None:
        area = _area(self.test, self._scores(self.model, self.asked, 2))
        _demand(area >= EASY_AUROC, f"AUROC {area:.2f} on a task that is easy")

    # --- fitting and asking ---

    def _context(self, n_classes: int) -> Context:
        self.fits += 1
        work = self.folder / f"fit{self.fits}"
        work.mkdir(parents=True)
        return Context(
            seed=0,
            classes=tuple(f"class {number}" for number in range(n_classes)),
            positive="class 1" if n_classes == 2 else None,
            cache_dir=self.folder,
            work_dir=work,
            metadata_columns=("age", "sex"),
        )

    def _built(self, n_classes: int) -> tuple[Model, Context]:
        context = self._context(n_classes)
        job = Job(
            target=self.target,
            recipe=resolve("smoke", epochs=EPOCHS, augment="none"),
            classes=context.classes,
            positive=context.positive,
            seed=0,
            threads=context.num_workers,
            device="cpu",
            config_hash="check",
            run_folder=str(context.work_dir),
            cache_dir=str(context.cache_dir),
            weights=None,
            max_seconds=None,
            metadata_columns=context.metadata_columns,
            params={},
        )
        return as_model(self.object, job, context), context

    def _fitted(self, train: DrawnTable, valid: DrawnTable, n_classes: int) -> Model:
        model, context = self._built(n_classes)
        model.fit(train, valid, context)
        return model

    def _scores(self, model: Model, table: DrawnTable, n_classes: int) -> npt.NDArray[np.float64]:
        return checked(model.predict_proba(table), len(table), n_classes, part="test")


def _demand(held: bool, what: str) -> None:
    if not held:
        raise InvalidOutput(what)


def _area(table: DrawnTable, scores: npt.NDArray[np.float64]) -> float:
    from harness.training.loop import validation_auroc

    return validation_auroc(table.labels, scores)


def _chunks(n: int, size: int) -> list[range]:
    return [range(start, min(n, start + size)) for start in range(0, n, size)]
