"""The examples of docs/python.md run, one after the other, as a reader would run them."""

import re
from pathlib import Path

import pytest

from tests.synthetic import make_dataset

PAGE = Path(__file__).parents[2] / "docs/python.md"


@pytest.fixture
def demo(tmp_path, monkeypatch):
    """A dataset where the page says that it is."""
    make_dataset(tmp_path / "results/demo/dataset", 200, ("nominal", "seed"), ("higgs", "qcd"))
    monkeypatch.chdir(tmp_path)


def test_the_examples_run(demo):
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(examples) >= 6
    names: dict = {}
    for example in examples:
        exec(compile(example, str(PAGE), "exec"), names)
    assert names["distance"].tolist()
    assert names["n_batches"] > 1
    assert names["place"].batch == 3
