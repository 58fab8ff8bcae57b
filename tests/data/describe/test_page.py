from pathlib import Path

import pytest
from pydantic import BaseModel, Field

from rs3l_data.describe.page import config_markdown, tables

ROOT = Path(__file__).parents[3]


def test_the_reference_page_is_that_of_the_code():
    """If not: replace the tables of docs/config.md by what `config_markdown()` returns."""
    assert config_markdown().rstrip() in (ROOT / "docs/config.md").read_text(encoding="utf-8")


def test_every_key_is_explained():
    class Half(BaseModel):
        """A block of which one key is not explained."""

        known: int = Field(1, description="The known one.")
        forgotten: int = 2

    assert "| `candidate_pt_min` | `0.5` |" in config_markdown()
    with pytest.raises(ValueError, match=r"half\.forgotten: expected a description"):
        tables(Half, "half")
