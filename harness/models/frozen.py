"""Features of a network that is not trained, and a linear head on them: quick where there is no GPU."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from torch import nn

from harness.models.baseline import without_head
from harness.models.linear import fit_head
from harness.protocol import Context, ImageTable
from harness.training.inputs import Preprocessing, logits
from harness.training.loop import deterministic


class FrozenFeatures:
    """Logistic regression on the pooled features of a network.

    Parameters
    ----------
    body : torch.nn.Module
        A classifier; its last linear layer is taken off.
    name : str
        Of the architecture, for messages.
    wanted : Preprocessing
        Size and normalization.
    """

    def __init__(self, body: nn.Module, name: str, wanted: Preprocessing) -> None:
        self.body, self.wanted = without_head(body, name), wanted

    def fit(self, train: ImageTable, valid: ImageTable, context: Context) -> None:
        """Compute features once and fit the head; the penalty is chosen on validation."""
        self.device = context.device
        self.body.to(self.device)
        self.head = fit_head(
            (self._features(train), train.labels),
            (self._features(valid), valid.labels),
            n_classes=len(context.classes),
            seed=context.seed,
        )

    def predict_proba(self, images: ImageTable) -> npt.NDArray[np.float64]:
        """Return probabilities."""
        return self.head.predict_proba(self._features(images))

    def info(self) -> dict[str, object]:
        """Return the chosen penalty and the size of the network."""
        return {"penalty": self.head.penalty, "parameters": sum(each.numel() for each in self.body.parameters())}

    def _features(self, table: ImageTable) -> npt.NDArray[np.float64]:
        with deterministic():
            return logits(self.body, table, self.wanted, device=self.device).numpy().astype(np.float64)
