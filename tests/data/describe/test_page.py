import json
from pathlib import Path

from rs3l_data.describe.config import Config
from rs3l_data.describe.page import config_markdown

ROOT = Path(__file__).parents[3]


def test_the_reference_page_is_that_of_the_code():
    """If not: replace the tables of docs/config.md by what `config_markdown()` returns."""
    assert config_markdown().rstrip() in (ROOT / "docs/config.md").read_text(encoding="utf-8")


def test_the_schema_for_editors_is_that_of_the_code():
    """If not: `rs3l-data schema > config/schema.json`."""
    found = json.loads((ROOT / "config/schema.json").read_text(encoding="utf-8"))
    assert found == Config.model_json_schema()


def test_every_key_is_explained():
    text = config_markdown()
    assert "| `candidate_pt_min` | `0.5` |" in text
    assert "|  |\n" not in text
