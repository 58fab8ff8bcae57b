"""The run that the README describes can be made."""

import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from rs3l_data.__main__ import app
from rs3l_data.chain import hard_chunk, shower_blocks
from rs3l_data.describe.config import Config
from rs3l_data.describe.strict import validate

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
(TEXT,) = (
    block for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL) if "views:" in block
)
N = 5


def small():
    """Give the README's config with few events."""
    described = yaml.safe_load(TEXT)
    for process in described["processes"].values():
        process["events"] = N
    return validate(Config, described, "README.md")


def test_it_passes_the_check(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(TEXT)
    result = CliRunner().invoke(app, ["check", str(path)])
    assert result.exit_code == 0, result.output
    assert "valid" in result.output


@pytest.mark.parametrize("process", small().processes)
def test_every_process_is_made_and_showered(process):
    config = small()
    hard, _ = hard_chunk(config, process, 0, lambda _: None)
    assert len(hard) == N
    (block,) = shower_blocks(config, process, "seed", hard, lambda _: None)
    assert block["seed"].jets["present"].any()


def test_its_top_quarks_are_whole_jets():
    """The label `top` is that of hadronic decays."""
    hard, _ = hard_chunk(small(), "zprime", 0, lambda _: None)
    codes = np.abs(hard.particles["pdg_id"])
    assert (codes == 6).sum() == 2 * N
    assert not np.isin(codes, (11, 12, 13, 14, 15, 16)).any()
