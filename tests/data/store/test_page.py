from rs3l_data.describe import schema
from tests.pages.columns import schema_markdown


def test_every_column_has_its_line():
    text = schema_markdown()
    for table in ("INITIATORS", "DECAYS", "JETS", "CONSTITUENTS", "HARD_EVENTS", "HARD_PARTICLES"):
        for column in getattr(schema, table):
            assert f"| `{column.name}` | {column.numpy_dtype.name} | " in text
            assert "|" not in column.meaning + column.unit, "it would break the table"
    assert "| `pt` | float32 | GeV | transverse momentum of the jet |" in text
