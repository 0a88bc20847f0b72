from __future__ import annotations

import time
import uuid

from curate.store.decision_rows import new_ids


def test_ids_sort_by_time_and_by_position() -> None:
    first = new_ids(5000)
    time.sleep(0.003)
    later = new_ids(1)
    assert first == sorted(set(first))
    assert later[0] > first[0]


def test_ids_are_version_seven_of_the_rfc() -> None:
    (made,) = new_ids(1)
    parsed = uuid.UUID(made)
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert abs((parsed.int >> 80) / 1000 - time.time()) < 60
