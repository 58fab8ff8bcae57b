"""The scripts in benchmarks/ find what they import: nothing else runs them."""

from importlib import import_module

import pytest

from tests.pages import ROOT

# weaver_side.py is run by the Python of another environment.
SCRIPTS = sorted({path.stem for path in ROOT.glob("benchmarks/*.py")} - {"weaver_side"})


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_benchmark_can_be_imported(name):
    assert callable(import_module(f"benchmarks.{name}").main)
