"""Links between the pages lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.pages import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.md")])


def text_of(page: Path) -> str:
    """Give a page without its blocks of code."""
    return re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)


def anchors_of(page: Path) -> set[str]:
    """Give the anchors that GitHub makes of a page's headings, if no two are the same."""
    headings = re.findall(r"^#+ (.*)$", text_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links_of(page: Path) -> list[str]:
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", text_of(page)) if "://" not in link]


def broken(page: Path, link: str) -> bool:
    file, _, anchor = link.partition("#")
    target = (page.parent / file).resolve() if file else page
    return not target.exists() or (bool(anchor) and anchor not in anchors_of(target))


def test_there_are_links_to_files_and_anchors() -> None:
    links = [link for page in PAGES for link in links_of(page)]
    assert sum("#" in link for link in links) > 20
    assert sum(link.startswith("#") for link in links) > 5
    assert broken(ROOT / "README.md", "docs/nowhere.md")
    assert broken(ROOT / "README.md", "docs/training.md#nowhere")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_pages_and_headings_that_there_are(page: Path) -> None:
    assert not [link for link in links_of(page) if broken(page, link)]


def imports_of(page: Path) -> list[str]:
    """List the lines; of `rs3l_train` examples also import what they add themselves."""
    return re.findall(r"^from rs3l_data.*$", page.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("page", [*filter(imports_of, PAGES)], ids=lambda page: page.name)
def test_what_examples_import_is_where_they_say(page: Path) -> None:
    for line in imports_of(page):
        exec(line, {})
