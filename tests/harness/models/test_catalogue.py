"""Names into models: nothing is imported before it is chosen, and a wrong name says what is near."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.models import catalogue
from schemas.errors import UserError

Install = Callable[[str, str, str], Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return a function that puts a package with one entry point on the path, as an installer leaves it."""

    def put(distribution: str, entry: str, code: str) -> Path:
        site = tmp_path / distribution
        facts = site / f"{distribution.replace('-', '_')}-1.2.dist-info"
        facts.mkdir(parents=True)
        (facts / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n", encoding="utf-8"
        )
        (facts / "entry_points.txt").write_text(f"[harness.models]\n{entry}\n", encoding="utf-8")
        module = entry.partition("=")[2].partition(":")[0].strip()
        (site / f"{module}.py").write_text(code, encoding="utf-8")
        monkeypatch.syspath_prepend(site)
        return site

    return put


RAISES = "raise RuntimeError('imported too early')\n"
MODEL = "class Net:\n    def fit(self, *a): ...\n    def predict_proba(self, images): ...\n"


def test_listing_and_resolving_import_nothing_of_a_plugin(install: Install) -> None:
    install("early-bird", "early = module_that_raises:Net", RAISES)
    rows = {row["model"]: row for row in catalogue.listing().to_pylist()}
    assert rows["plugin:early"]["from"] == "early-bird"
    assert rows["plugin:early"]["version"] == "1.2"
    target = catalogue.resolve("plugin:early")
    assert (target.name, target.owner) == ("early", "early-bird")
    with pytest.raises(RuntimeError, match="imported too early"):
        catalogue.load(target)


def test_a_name_that_two_packages_have_taken_names_both(install: Install) -> None:
    install("first-net", "twice = module_one:Net", MODEL)
    install("second-net", "twice = module_two:Net", MODEL)
    with pytest.raises(UserError, match=r"of first-net 1\.2 and second-net 1\.2"):
        catalogue.resolve("plugin:twice")
    said = [row["what"] for row in catalogue.listing().to_pylist() if row["model"] == "plugin:twice"]
    assert len(said) == 2
    assert all("taken twice" in text for text in said)


def test_a_plugin_whose_module_is_gone_is_listed_as_broken(install: Install) -> None:
    site = install("gone-net", "gone = module_gone:Net", MODEL)
    (site / "module_gone.py").unlink()
    said = next(row["what"] for row in catalogue.listing().to_pylist() if row["model"] == "plugin:gone")
    assert "broken" in said


def test_changed_code_is_another_model(install: Install) -> None:
    site = install("own-net", "own = module_own:Net", MODEL)
    before = catalogue.resolve("plugin:own").fingerprint
    assert catalogue.resolve("plugin:own").fingerprint == before
    (site / "module_own.py").write_text(f"{MODEL}# better\n", encoding="utf-8")
    assert catalogue.resolve("plugin:own").fingerprint != before


@pytest.mark.parametrize(
    ("given", "near"),
    [
        ("resnet81", "resnet18"),
        ("plugin:liner_probe", "plugin:linear_probe"),
        ("linear_probe", "plugin:linear_probe"),
        ("priro", "prior"),
        ("mobilenet_v9", "mobilenet_v2"),
    ],
)
def test_an_unknown_name_lists_near_ones(install: Install, given: str, near: str) -> None:
    install("probe-for-a-test", "linear_probe = module_probe:Net", MODEL)
    with pytest.raises(UserError) as caught:
        catalogue.resolve(given)
    assert near in str(caught.value)


def test_a_file_is_loaded_under_a_name_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)  # put back afterwards what loading puts on the path
    (tmp_path / "random.py").write_text(f"{MODEL}class Inner:\n    Deep = Net\n", encoding="utf-8")
    target = catalogue.resolve(f"{tmp_path}/random.py:Inner.Deep")
    assert (target.kind, target.name) == ("file", "Deep")
    assert catalogue.load(target).__name__ == "Net"  # type: ignore[attr-defined]
    import random

    assert hasattr(random, "shuffle")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("nowhere.py:Net", "there is no such file"),
        ("no_such_package_at_all.models:Net", "there is no such module here"),
        ("file.py:", "names no attribute"),
    ],
)
def test_code_that_is_not_there_is_one_line(given: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        catalogue.resolve(given)


def test_a_missing_attribute_lists_near_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "mine.py").write_text(MODEL, encoding="utf-8")
    with pytest.raises(UserError, match="Did you mean Net"):
        catalogue.load(catalogue.resolve(f"{tmp_path}/mine.py:Nett"))


def test_two_models_of_one_name_get_folders_of_their_own() -> None:
    targets = [catalogue.resolve(name) for name in ("prior", "prior", "metadata-only")]
    assert [name for name, _ in catalogue.distinct(targets)] == ["prior", "prior-2", "metadata-only"]
    assert [name for name, _ in catalogue.distinct(targets[:1], taken=["prior"])] == ["prior-2"]


def test_frozen_is_said_by_the_ending_of_a_name() -> None:
    frozen, plain = catalogue.resolve("resnet18-frozen"), catalogue.resolve("resnet18")
    assert (frozen.place, frozen.frozen, frozen.name) == ("resnet18", True, "resnet18-frozen")
    assert (plain.place, plain.frozen) == ("resnet18", False)
