"""The conformance battery: whether the harness can rely on a model. For plugin authors, as a command and in pytest.

::

    from harness.testing import check_model

    def test_my_model_passes():
        assert [check for check in check_model(MyModel) if check.status == "fail"] == []
"""

from __future__ import annotations

from harness.testing.battery import Check, check_model
from harness.testing.drawn import DrawnTable, drawn_table

__all__ = ["Check", "DrawnTable", "check_model", "drawn_table"]
