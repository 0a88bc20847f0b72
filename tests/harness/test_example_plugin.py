"""The example plugin is a package of its own that the harness finds by its entry point."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from harness.models import catalogue
from harness.testing import check_model

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "harness-plugin"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the package on the path with the entry point that its pyproject.toml names, as an installer does."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    facts = tmp_path / "harness_linear_probe-0.1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n", encoding="utf-8"
    )
    points = project["entry-points"]["harness.models"]
    lines = [f"{name} = {value}" for name, value in points.items()]
    (facts / "entry_points.txt").write_text("\n".join(["[harness.models]", *lines, ""]), encoding="utf-8")
    monkeypatch.syspath_prepend(EXAMPLE / "src")
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("installed")
def test_it_is_found_by_name_and_passes_the_battery() -> None:
    target = catalogue.resolve("plugin:linear_probe")
    assert (target.owner, target.place) == ("harness-linear-probe", "harness_linear_probe:LinearProbe")
    assert target.fingerprint
    assert [check for check in check_model("plugin:linear_probe") if check.status in {"fail", "warn"}] == []


def test_its_own_package_asks_for_nothing_but_what_it_imports() -> None:
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {each.partition(">")[0] for each in project["dependencies"]}
    assert {"dermacurate", "numpy", "scikit-learn", "scipy", "joblib"} == named
