"""A model plugin: logistic regression on frozen, hand-made features. The whole of what a plugin has to be."""

from __future__ import annotations

from pathlib import Path

import joblib
import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from harness.protocol import Context, ImageTable
from harness_linear_probe.features import describe

__all__ = ["LinearProbe"]

PENALTIES = tuple(10.0**power for power in range(-4, 3))
BATCH = 64


class LinearProbe:
    """Logistic regression whose penalty is chosen on the validation images."""

    def fit(self, train: ImageTable, valid: ImageTable, context: Context) -> None:
        """Describe every image once, then fit one regression per penalty and keep the best on validation."""
        self.n_classes = len(context.classes)
        features, valid_features = _described(train), _described(valid)
        losses: dict[float, float] = {}
        fitted: dict[float, Pipeline] = {}
        for step, penalty in enumerate(PENALTIES):
            regression = LogisticRegression(C=penalty, max_iter=2000, random_state=context.seed)
            fitted[penalty] = make_pipeline(StandardScaler(), regression).fit(features, train.labels)
            predicted = self._probabilities(fitted[penalty], valid_features)
            losses[penalty] = log_loss(valid.labels, predicted, labels=range(self.n_classes))
            context.report(step + 1, penalty=penalty, validation_loss=losses[penalty])
        self.penalty = min(losses, key=losses.__getitem__)
        self.pipeline = fitted[self.penalty]

    def predict_proba(self, images: ImageTable) -> npt.NDArray[np.float64]:
        """Return one row of probabilities per image, columns in the order of ``context.classes``."""
        return self._probabilities(self.pipeline, _described(images))

    def info(self) -> dict[str, object]:
        """Return facts for the model card."""
        return {"penalty": self.penalty, "parameters": int(self.pipeline[-1].coef_.size)}

    def save(self, folder: Path) -> None:
        """Keep what was learned."""
        folder.mkdir(parents=True, exist_ok=True)
        joblib.dump((self.pipeline, self.n_classes, self.penalty), folder / "linear_probe.joblib")

    @classmethod
    def load(cls, folder: Path, context: Context) -> LinearProbe:
        """Return a saved model."""
        del context
        model = cls()
        model.pipeline, model.n_classes, model.penalty = joblib.load(folder / "linear_probe.joblib")
        return model

    def _probabilities(self, pipeline: Pipeline, features: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        # A class that training does not have gets no probability, and every class keeps its column.
        found = np.zeros((len(features), self.n_classes))
        if len(features):
            found[:, pipeline.classes_] = pipeline.predict_proba(features)
        return found


def _described(images: ImageTable) -> npt.NDArray[np.float64]:
    rows = [describe(image) for batch in images.batches(BATCH) for image in batch]
    return np.stack(rows) if rows else np.empty((0, 61))
