"""The protocol: light to import, with random streams that are functions of their names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from harness.protocol import Context, Model, stream


def test_it_imports_numpy_and_nothing_heavy() -> None:
    program = (
        "import sys, harness.protocol; print([m for m in ('pandas', 'torch', 'sklearn', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_equal_names_give_equal_numbers_and_other_names_others() -> None:
    one, again = stream(0, "order", 3).random(8), stream(0, "order", 3).random(8)
    np.testing.assert_array_equal(one, again)
    for other in (stream(1, "order", 3), stream(0, "order", 4), stream(0, "augment", 3)):
        assert not np.array_equal(one, other.random(8))


def test_a_context_draws_from_its_seed_and_a_name() -> None:
    one, other = (Context(seed=seed, classes=("a", "b"), cache_dir=Path(), work_dir=Path()) for seed in (0, 1))
    assert one.rng("head").random() == one.rng("head").random() != other.rng("head").random()


def test_anything_with_two_methods_is_a_model() -> None:
    class Own:
        def fit(self, train: object, valid: object, context: object) -> None: ...
        def predict_proba(self, images: object) -> None: ...

    assert isinstance(Own(), Model)
    assert not isinstance(object(), Model)
