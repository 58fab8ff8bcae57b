from rs3l_data.describe import schema
from rs3l_data.record.columns import shard_markdown
from tests.pages.columns import schema_markdown


def test_every_column_has_its_line():
    text = schema_markdown()
    for table in ("INITIATORS", "DECAYS", "JETS", "CONSTITUENTS", "HARD_EVENTS", "HARD_PARTICLES"):
        for column in getattr(schema, table):
            assert f"| `{column.name}` | {column.numpy_dtype.name} | " in text
            assert "|" not in column.meaning + column.unit, "it would break the table"
    assert "| `pt` | float32 | GeV | transverse momentum of the jet |" in text


def test_a_reader_of_a_record_alone_sees_signs_and_what_is_near_what():
    """A published record has these lines and the shards' attributes, but no page of ours."""
    record = shard_markdown(schema.FORMAT_VERSION)
    told = {line.split("`")[1]: line for line in record.splitlines() if line.startswith("| `")}
    assert "x sin phi - y cos phi" in told["d0"]
    assert "opposite to ATLAS" in told["d0"]
    assert "z where d0 is taken" in told["dz"]
    assert "within R of the jet's axis" in told["contained"]
