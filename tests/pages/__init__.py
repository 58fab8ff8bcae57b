"""The pages, and parts of pages, that are written from the code: `make pages` writes them anew."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from rs3l_data.describe.config import Config
from rs3l_train.config.schema import config_schema
from rs3l_train.config.training import TrainingConfig
from tests.pages.columns import schema_markdown
from tests.pages.settings import tables
from tests.pages.variations import variations_markdown

ROOT = Path(__file__).parents[2]
MARKER = "<!-- From here on written from the code, by `make pages` -->\n\n"
TABLES: dict[str, Callable[[], str]] = {
    "docs/config.md": lambda: "\n".join([*tables(Config, ""), *tables(TrainingConfig, "training")]),
    "docs/format.md": schema_markdown,
    "docs/variations.md": variations_markdown,
}
PAGES = (*TABLES, "config/schema.json")
LOCK = (ROOT / "envs/constraints.txt").read_text(encoding="utf-8")
BY_THE_PINNED_SET = version("pydantic") in re.findall(r"^pydantic==(.*)$", LOCK, re.MULTILINE)
"""Whether a page comes out as it stands: another pydantic words its schemas in another way"""


def written(page: str) -> str:
    """Give what a page is to hold, with its own text above the marker as it is."""
    if page not in TABLES:
        return json.dumps(config_schema(), indent=2, ensure_ascii=False) + "\n"
    own, marker, _ = (ROOT / page).read_text(encoding="utf-8").partition(MARKER)
    assert marker, f"{page}: the line {MARKER.strip()} is gone"
    return own + marker + TABLES[page]()
