"""The page as a file: complete, self-contained, repeatable, safe with hostile names."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from harness import artifacts
from harness.cli.main import app
from harness.report import cases
from harness.report.numbers import read_run
from harness.report.page import write_report
from schemas.errors import DataFault, DatasetConflict

SECTIONS = (
    "Verdict",
    "Main results",
    "Data",
    "Curves",
    "Confusion matrices",
    "Groups",
    "Calibration",
    "Decision curve",
    "Worst errors",
    "Training",
    "Methods",
    "Model card",
    "Reproduce",
)


class Page(HTMLParser):
    """Ids, addresses and headings of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.described: list[str] = []
        self.tags: Counter[str] = Counter()
        self.headings: list[str] = []
        self._in_heading = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self._in_heading = tag == "h2"
        for name, value in attrs:
            if name == "id":
                self.ids.append(str(value))
            if name in {"src", "href", "xlink:href", "data", "action", "poster", "srcset"}:
                self.addresses.append(str(value))
            if name in {"aria-labelledby", "aria-describedby"}:
                self.described += str(value).split()

    def handle_data(self, data: str) -> None:
        if self._in_heading and data.strip():
            self.headings.append(data.strip())
            self._in_heading = False


@pytest.fixture(scope="module")
def html(finished_run: Path) -> str:
    return write_report(finished_run).read_text(encoding="utf-8")


@pytest.fixture
def copied(finished_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished_run, tmp_path / "run"))


def test_sections_stand_in_the_order_that_a_reader_expects(html: str, finished_run: Path) -> None:
    assert tuple(Page(html).headings) == SECTIONS
    markdown = (finished_run / "report.md").read_text(encoding="utf-8")
    assert tuple(re.findall(r"^## (.+)$", markdown, flags=re.MULTILINE)) == SECTIONS


def test_the_page_asks_for_nothing_from_outside(html: str) -> None:
    outside = [address for address in Page(html).addresses if not address.startswith(("#", "data:image/jpeg;base64,"))]
    assert outside == []
    assert re.findall(r"@import|url\((?!#)", html) == []


def test_every_id_is_there_once_and_every_description_has_its_target(html: str) -> None:
    page = Page(html)
    assert [name for name, times in Counter(page.ids).items() if times > 1] == []
    assert set(page.described) <= set(page.ids)
    used = set(re.findall(r"url\(#([\w-]+)\)", html)) | {
        address[1:] for address in page.addresses if address.startswith("#")
    }
    assert used <= set(page.ids)


def test_equal_numbers_give_equal_bytes(finished_run: Path, copied: Path) -> None:
    write_report(finished_run)
    write_report(copied)
    for name in ("report.html", "report.md"):
        assert (copied / name).read_bytes() == (finished_run / name).read_bytes()
    first = {file.name: file.read_bytes() for file in (finished_run / "figures").iterdir()}
    assert first == {file.name: file.read_bytes() for file in (copied / "figures").iterdir()}
    assert len(first) > 8


def test_figures_are_whole_files_with_title_and_description(html: str, finished_run: Path) -> None:
    del html
    space = "{http://www.w3.org/2000/svg}"
    for file in (finished_run / "figures").glob("*.svg"):
        root = ET.parse(file).getroot()
        assert root.find(f"{space}title") is not None, file.name
        assert (root.find(f"{space}desc").text or "").strip(), file.name  # type: ignore[union-attr]
        assert root.findall(f".//{space}text"), f"{file.name}: text is drawn as outlines"


def test_every_figure_of_the_markdown_is_there(html: str, finished_run: Path) -> None:
    del html
    markdown = (finished_run / "report.md").read_text(encoding="utf-8")
    named = re.findall(r"\]\((figures/[^)]+)\)", markdown)
    assert named
    assert [name for name in named if not (finished_run / name).is_file()] == []


def test_groups_without_enough_cases_keep_their_row_with_reason_and_counts(html: str, finished_run: Path) -> None:
    run = read_run(finished_run)
    dark = next(row for row in run.levels("skin_tone") if row["level"] == "dark")
    assert "not estimable: too few positives" in html
    assert f"{dark['n_pos']} / {dark['n']}" in html


def test_the_headline_table_shows_the_numbers_of_metrics_json(html: str, finished_run: Path) -> None:
    for name, metrics in json.loads((finished_run / "metrics.json").read_text())["runs"].items():
        row = next(
            v for v in metrics["values"] if (v["group_id"], v["metric"], v["class"]) == ("overall", "auroc", None)
        )
        shown = f"<span>{row['value']:.3f}</span><small>{row['lo']:.3f}–{row['hi']:.3f}</small>"
        assert shown in html, name


def test_smoke_and_synthetic_runs_say_so_on_top(html: str) -> None:
    top = html[: html.index('id="results"')]
    assert "The numbers prove the path, not the model" in top
    assert "Synthetic images." in top


def test_thumbnails_come_from_the_run_folder(html: str, finished_run: Path) -> None:
    run = read_run(finished_run)
    pictures = artifacts.read_thumbnails(finished_run)
    assert set(pictures) == set(cases.worst_sample_ids(run))
    assert Page(html).tags["img"] == sum(len(cases.worst(model, pictures)) for model in run.models)


def test_without_thumbnails_the_errors_are_listed(copied: Path) -> None:
    shutil.rmtree(copied / artifacts.THUMBNAILS)
    page = write_report(copied).read_text(encoding="utf-8")
    assert Page(page).tags["img"] == 0
    assert cases.worst(read_run(copied).lead, {})[0].sample_id in page


def test_the_worst_errors_are_the_highest_negatives_and_the_lowest_positives(finished_run: Path) -> None:
    model = read_run(finished_run).lead
    rows = model.predictions.query("split == 'test'")
    found = cases.worst(model, {}, shown=5)
    alarms = sorted(rows.query("y_true == 0")["p_1"], reverse=True)[:5]
    missed = sorted(rows.query("y_true == 1")["p_1"])[:5]
    assert [case.score for case in found] == [*alarms, *missed]


def test_a_model_that_failed_is_named_with_its_reason(copied: Path) -> None:
    artifacts.write_run(copied / "broken", {"status": "failed", "reason": "ValueError: no <b>classes</b>"})
    page = write_report(copied).read_text(encoding="utf-8")
    assert "Not judged: failed" in page
    assert "ValueError: no &lt;b&gt;classes&lt;/b&gt;" in page


def test_hostile_names_stay_text(copied: Path) -> None:
    file = copied / "metrics.json"
    content = json.loads(file.read_text())
    content["runs"]['<img src=x onerror="a">'] = content["runs"].pop("weak_net")
    file.write_text(json.dumps(content))
    before = Page(write_report(copied).read_text(encoding="utf-8"))
    assert "x" not in before.addresses


def test_a_run_of_the_baseline_alone_has_a_report(copied: Path) -> None:
    file = copied / "metrics.json"
    content = json.loads(file.read_text())
    content["runs"] = {"baseline": content["runs"]["baseline"]}
    file.write_text(json.dumps(content))
    assert "Judged alone" in write_report(copied).read_text(encoding="utf-8")


def test_a_task_of_several_classes_leads_with_the_macro_area_and_lists_every_class(run_of_classes: Path) -> None:
    page = write_report(run_of_classes).read_text(encoding="utf-8")
    assert page.index("Macro ROC-AUC") < page.index("malignant against the rest")
    assert "baseline: each class against all others" in page
    assert "the sum of the probabilities of mel, bcc, akiec" in page
    assert "Threshold: the class of the highest probability" in page


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFault, match="no such file"):
        write_report(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_metrics_of_a_newer_version_are_refused(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text('{"schema_version": 2, "runs": {}}')
    with pytest.raises(DatasetConflict, match="version 2"):
        write_report(tmp_path)


def test_the_command_prints_where_the_page_is(copied: Path) -> None:
    done = CliRunner().invoke(app, ["report", str(copied)])
    assert (done.exit_code, done.stdout.strip()) == (0, str(copied / "report.html"))


def test_predictions_made_elsewhere_are_not_said_to_be_trained_apart_from_the_test_set(finished_run: Path) -> None:
    write_report(finished_run)
    page = (finished_run / "report.md").read_text(encoding="utf-8")
    assert "Whether training has seen images or patients of the test set: to be filled in by the author" in page
    assert "after training, by processes that had no test labels" not in page


def test_patients_in_validation_and_test_are_counted(finished_run: Path) -> None:
    rows = artifacts.read_predictions(finished_run / "baseline")
    shared = set(rows.query("split == 'val'")["patient_id"]) & set(rows.query("split == 'test'")["patient_id"])
    write_report(finished_run)
    page = (finished_run / "report.md").read_text(encoding="utf-8")
    assert f"{len(shared)} patients in both validation and test" in page
