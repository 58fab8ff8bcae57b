from pathlib import Path

from rs3l_data.describe import schema
from rs3l_data.store.page import schema_markdown

PAGE = Path(__file__).parents[3] / "docs" / "format.md"


def test_page_holds_the_columns_of_the_schema():
    fix = "docs/format.md: replace all below its marker by rs3l_data.store.page.schema_markdown()"
    assert PAGE.read_text(encoding="utf-8").endswith(schema_markdown()), fix


def test_every_column_has_its_line():
    text = schema_markdown()
    for table in ("INITIATORS", "DECAYS", "JETS", "CONSTITUENTS", "HARD_EVENTS", "HARD_PARTICLES"):
        for column in getattr(schema, table):
            assert f"| `{column.name}` | {column.numpy_dtype.name} | " in text
            assert "|" not in column.meaning + column.unit, "it would break the table"
    assert "| `pt` | float32 | GeV | transverse momentum of the jet |" in text
