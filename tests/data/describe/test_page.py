import pytest
from pydantic import BaseModel, Field

from rs3l_data.describe.page import config_markdown, tables


def test_every_key_is_explained():
    class Half(BaseModel):
        """A block of which one key is not explained."""

        known: int = Field(1, description="The known one.")
        forgotten: int = 2

    assert "| `candidate_pt_min` | `0.5` |" in config_markdown()
    with pytest.raises(ValueError, match=r"half\.forgotten: expected a description"):
        tables(Half, "half")
