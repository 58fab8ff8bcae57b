"""What nothing else tries of benchmarks/: scripts find their imports, configs fit each other."""

from importlib import import_module

import pytest

from rs3l_data.describe.load import load_config
from tests.pages import ROOT

# weaver_side.py is run by the Python of another environment.
SCRIPTS = sorted({path.stem for path in ROOT.glob("benchmarks/*.py")} - {"weaver_side"})


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_benchmark_can_be_imported(name):
    assert callable(import_module(f"benchmarks.{name}").main)


def test_the_classes_of_the_transfer_can_be_merged_with_the_study():
    """And the study's taggers be tested on the jets of the robustness: all have the same cuts."""
    paths = ("config/study.yaml", "benchmarks/transfer.yaml", "benchmarks/robustness.yaml")
    study, transfer, robustness = (load_config(ROOT / path) for path in paths)
    for block in ("seed", "views", "generator", "detector", "split"):
        assert getattr(transfer, block) == getattr(study, block), block
    for other in (transfer, robustness):
        assert (other.hard, other.jets) == (study.hard, study.jets)
