from __future__ import annotations

import os
import signal

import pytest

from curate.parallel import map_images
from schemas.errors import DataFault, Fault, Unavailable, UserError


def doubled(number: int) -> int:
    if number == 7:
        raise DataFault("is seven", faults=(Fault("I07", "is seven"),))
    if number == 8:
        raise RuntimeError("is eight")
    return 2 * number


def deadly(number: int) -> int:
    if number == 70:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def items(count: int) -> list[tuple[str, int]]:
    return [(f"s:{number}", number) for number in range(count)]


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_order_and_faults_as_values(workers: int) -> None:
    done: list[int] = []
    results = list(map_images(doubled, items(100), workers=workers, progress=done.append))
    assert [sample_id for sample_id, _ in results] == [f"s:{number}" for number in range(100)]
    faults = {sample_id: value for sample_id, value in results if isinstance(value, Fault)}
    assert {sample_id: (fault.rule, fault.sample_ids) for sample_id, fault in faults.items()} == {
        "s:7": ("I07", ("s:7",)),
        "s:8": ("I03", ("s:8",)),
    }
    assert [value for _, value in results if isinstance(value, int)] == [2 * n for n in range(100) if n not in {7, 8}]
    assert sum(done) == 100


@pytest.mark.slow
def test_the_picture_that_kills_its_worker_is_named_and_all_others_are_done() -> None:
    results = dict(map_images(deadly, items(100), workers=2))
    assert len(results) == 100
    killed = {sample_id for sample_id, value in results.items() if isinstance(value, Fault)}
    assert killed == {"s:70"}


def test_an_unknown_backend_is_refused_before_any_work() -> None:
    with pytest.raises(UserError, match="loky, dask, ray"):
        list(map_images(doubled, items(1), backend="threads"))
    with pytest.raises(Unavailable):
        list(map_images(doubled, items(1), backend="dask"))
