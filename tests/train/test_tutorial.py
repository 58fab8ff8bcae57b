"""The examples of docs/tutorial.md run one after the other, as on what `make run` makes."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import yaml
from scipy.stats import spearmanr
from typer.testing import CliRunner

import rs3l_data
from rs3l_data.describe.schema import Split
from rs3l_train.__main__ import app
from tests.synthetic import make_dataset
from tests.train.tasks.test_embed import save

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/tutorial.md"
DEMO = yaml.safe_load((ROOT / "config/demo.yaml").read_text(encoding="utf-8"))
LABELS = {"qcd": "g", "hbb": "Hbb", "top": "top"}


@pytest.fixture
def demo(tmp_path, monkeypatch):
    """A dataset and a network where `make run` puts those of the demo."""
    assert {*LABELS} <= {*DEMO["processes"]}
    names = {"processes": [*LABELS], "labels": [*LABELS.values()]}
    made = make_dataset(tmp_path / "results/demo/dataset", 300, [*DEMO["views"]], **names)
    save(tmp_path / "results/demo/training/pretrain", tagger=False)
    monkeypatch.chdir(tmp_path)
    return rs3l_data.open(made)


@pytest.mark.drawn
def test_the_examples_run_and_say_what_the_page_takes_from_them(demo, capsys):
    names: dict = {}
    for kind, text in re.findall(r"```(python|sh)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL):
        if kind == "python":
            exec(compile(text, str(PAGE), "exec"), names)
        else:
            done = CliRunner().invoke(app, text.split()[1:])
            assert done.exit_code == 0, done.output
    plt.close(names["figure"])
    assert Path("first_look.png").stat().st_size > 10_000
    check_shared(names["shared"], demo)
    check_ranks(names)
    check_tagger(names, capsys.readouterr().out)


def check_shared(shared, demo):
    label = demo.initiators["label"] == demo.labels.index("Hbb")
    there = np.all([demo.jets(view, ["present"])["present"] for view in demo.views], axis=0)
    one, other = (demo.jets(view)["mass"][label & there] for view in ("nominal", "seed"))
    assert shared["H -> bb", "mass"] == spearmanr(one, other).statistic
    assert len(shared) == 8


def check_ranks(names):
    cosine, test = names["cosine"], names["test"]
    assert len(cosine) == test.sum() > 50
    assert np.all(names["ds"].initiators["split"][test] == Split.TEST)
    for jet in range(0, len(cosine), 10):
        better = [other for other in range(len(cosine)) if cosine[jet, other] > cosine[jet, jet]]
        assert names["rank"][jet] == len(better)
    assert len(names["between"]) == cosine.size - len(cosine)


def check_tagger(names, told):
    labelled = names["labelled"]
    assert len({*labelled.tolist()}) == 100
    assert names["signal"][labelled].sum() == 50
    assert not {*labelled.tolist()} & {*names["tested"].tolist()}
    assert len(re.findall(r"^AUC [01]\.\d{3}; nominal: [01]\.\d{3} ", told, re.MULTILINE)) == 2
