"""The report in a real browser: silent console, no request, text and pictures there, fits a phone, prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.report.page import write_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

PHONE, DESK = (390, 844), (1280, 900)


@pytest.fixture(scope="module")
def report(finished_run: Path) -> Path:
    return write_report(finished_run)


def opened(
    browser: Browser, report: Path, size: tuple[int, int] = DESK, **options: str
) -> tuple[Page, list[str], list[str]]:
    """Give the page with what the console said and what was asked for."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **options)  # type: ignore[arg-type]
    page, said, asked = context.new_page(), [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    return page, said, asked


def test_it_opens_without_a_console_message_and_without_a_request(browser: Browser, report: Path) -> None:
    page, said, asked = opened(browser, report)
    page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    assert said == []
    assert [address for address in asked if not address.startswith("data:image/")] == [report.as_uri()]
    assert "ROC-AUC" in page.inner_text("main")
    page.context.close()


def test_all_pictures_are_drawn(browser: Browser, report: Path) -> None:
    page, _, _ = opened(browser, report)
    page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    widths = page.evaluate("[...document.images].map((image) => image.naturalWidth)")
    assert widths
    assert min(widths) > 0
    boxes = page.evaluate("[...document.querySelectorAll('figure svg')].map((s) => s.getBoundingClientRect().height)")
    assert min(boxes) > 20
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scroll(browser: Browser, report: Path, scheme: str) -> None:
    page, _, _ = opened(browser, report, PHONE, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    page.context.close()


def test_dark_mode_changes_paper_and_ink_of_figures(browser: Browser, report: Path) -> None:
    seen = {}
    for scheme in ("light", "dark"):
        page, _, _ = opened(browser, report, color_scheme=scheme)
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        ink = page.evaluate("getComputedStyle(document.querySelector('figure svg text')).fill")
        seen[scheme] = (paper, ink)
        page.context.close()
    assert seen["light"][0] != seen["dark"][0]
    assert seen["light"][1] != seen["dark"][1]


def test_a_click_on_a_heading_sorts_by_number(browser: Browser, report: Path) -> None:
    page, _, _ = opened(browser, report)
    page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    table = page.locator("table.sortable", has_text="Skin tone (annotated): ROC-AUC per group").first
    heading = table.locator("th button", has_text="Images")
    column = "(t) => [...t.tBodies[0].rows].map((row) => Number(row.cells[1].dataset.sort))"
    heading.click()
    falling = table.evaluate(column)
    heading.click()
    assert falling == sorted(falling, reverse=True)
    assert table.evaluate(column) == sorted(falling)
    page.context.close()


def test_it_prints_to_pdf_with_every_fold_open(browser: Browser, report: Path, tmp_path: Path) -> None:
    page, _, _ = opened(browser, report)
    file = tmp_path / "report.pdf"
    page.pdf(path=str(file), prefer_css_page_size=True)
    assert file.read_bytes().startswith(b"%PDF")
    assert page.evaluate("document.querySelectorAll('details:not([open])').length") == 0
    page.context.close()
