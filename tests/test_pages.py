from __future__ import annotations

import difflib

import pytest

from tests.pages import BY_THE_PINNED_SET, PAGES, ROOT, written


@pytest.mark.skipif(not BY_THE_PINNED_SET, reason="pages are written with the pinned pydantic")
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_what_the_code_says(page: str) -> None:
    found = (ROOT / page).read_text(encoding="utf-8")
    lines = difflib.unified_diff(found.splitlines(), written(page).splitlines(), lineterm="")
    difference = "\n".join(lines)
    assert not difference, f"run `make pages`\n{difference}"
