import pytest
from pydantic import BaseModel, Field

from rs3l_data.describe.config import Config
from tests.pages.settings import tables


def test_every_key_is_explained():
    class Half(BaseModel):
        """A block of which one key is not explained."""

        known: int = Field(1, description="The known one.")
        forgotten: int = 2

    assert "| `candidate_pt_min` | `0.5` |" in "\n".join(tables(Config, ""))
    with pytest.raises(ValueError, match=r"half\.forgotten: expected a description"):
        tables(Half, "half")
