from __future__ import annotations

import pytest

from curate.ingest.conditions import matches, parse
from schemas.errors import UserError

ROW = {"age_years": 50, "sex": "female", "diagnosis_kind": "exact", "biopsied": True, "sites": ["Trunk", "Foot"]}


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("age_years = 50", True),
        ("age_years >= 50 and sex = female", True),
        ("age_years > 50", False),
        ("age_years<51", True),
        ("sex != female", False),
        ("sex in male, female", True),
        ("diagnosis_kind in (group,none)", False),
        ("biopsied = yes", True),
        ("sites = Foot", True),
        ("patient_id != x", False),
        ("sex = 'female'", True),
    ],
)
def test_a_row_fulfils_an_expression(expression: str, holds: bool) -> None:
    assert matches(ROW, parse(expression)) is holds


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("age_years", "COLUMN OP VALUE"),
        ("age = 50", "Near: age_"),
        ("age_years > old", "is no number"),
        ("age_years = old", "is no number"),
        ("width > 100", "--where can read"),
        ("sex = female and", "COLUMN OP VALUE"),
    ],
)
def test_an_expression_that_cannot_be_read_says_why(expression: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        matches(ROW, parse(expression))
