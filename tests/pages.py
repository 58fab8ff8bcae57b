"""The pages, and parts of pages, that are written from the code: `make pages` writes them anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from rs3l_data.describe.page import config_markdown
from rs3l_data.describe.variation_page import variations_markdown
from rs3l_data.store.page import schema_markdown
from rs3l_train.config.page import config_schema, training_markdown

ROOT = Path(__file__).parents[1]
MARKER = "<!-- From here on written from the code, by `make pages` -->\n\n"
TABLES: dict[str, Callable[[], str]] = {
    "docs/config.md": lambda: f"{config_markdown()}\n{training_markdown()}",
    "docs/format.md": schema_markdown,
    "docs/variations.md": variations_markdown,
}
PAGES = (*TABLES, "config/schema.json")


def written(page: str) -> str:
    """Give what a page is to hold, with its own text above the marker as it is."""
    if page not in TABLES:
        return json.dumps(config_schema(), indent=2, ensure_ascii=False) + "\n"
    own, marker, _ = (ROOT / page).read_text(encoding="utf-8").partition(MARKER)
    assert marker, f"{page}: the line {MARKER.strip()} is gone"
    return own + marker + TABLES[page]()


if __name__ == "__main__":
    for page in PAGES:
        (ROOT / page).write_text(written(page), encoding="utf-8")
