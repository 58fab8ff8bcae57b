"""What a training is known by: all that its networks see."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

import rs3l_data
from rs3l_data.describe.schema import INITIATORS
from rs3l_data.errors import ConfigError
from rs3l_data.reshape.merge import merge
from rs3l_data.reshape.select import Choice, select
from rs3l_data.store.shard import open_shard, write_shard
from rs3l_data.store.tables import Initiators
from rs3l_train.config import validate_training
from rs3l_train.loop.device import prepare
from rs3l_train.loop.identity import differing
from rs3l_train.tasks.bench import set_bench
from rs3l_train.tasks.identity import pretraining_identity, tagger_identity
from rs3l_train.tasks.pretrain import pretrain
from rs3l_train.tasks.pretraining import jets_to_pretrain_on
from rs3l_train.tasks.run import run
from rs3l_train.tasks.trained import Trainings
from rs3l_train.views.memory import JetViews
from tests.synthetic import make_dataset
from tests.train.conftest import VIEWS, changed


def test_other_jets_make_another_pretraining(dataset, folder, quick, tmp_path):
    pretrain(dataset, quick, tmp_path / "run")
    select(folder, Choice(where="pt > 450"), tmp_path / "hard")
    with pytest.raises(ConfigError, match="the jets is now"):
        pretrain(rs3l_data.open(tmp_path / "hard"), quick, tmp_path / "run")


def test_a_label_more_makes_another_pretraining_where_labels_are_told_apart(
    folder, quick, tmp_path
):
    """Its jets may be left out: the network still has an output for it."""
    more = make_dataset(tmp_path / "more", 10, VIEWS, ("top",), seed=4, n_shards=1)
    merge([folder, more], tmp_path / "grown")
    one, grown = (rs3l_data.open(path) for path in (folder, tmp_path / "grown"))
    for name, found in (
        ("supervised", ["the number of labels is now 3 and was 2"]),
        ("ntxent", []),
    ):
        kept = changed(quick, data={"labels": ["higgs", "qcd"]}).model_dump()
        chosen = validate_training(kept | {"objective": {"name": name}}, "test")
        before, asked = (
            pretraining_identity(chosen, jets_to_pretrain_on(each, chosen)) for each in (one, grown)
        )
        assert differing(asked.whole, before.whole, asked.defaults) == found


def double_impact_parameters(path):
    shard = open_shard(path)
    rows = np.arange(shard.n_rows)
    names = [column.name for column in INITIATORS]
    offsets, decays = shard.read_decays(rows)
    initiators = Initiators(shard.read_initiators(rows, names), decays, offsets)
    views = {view: shard.read_view(view, rows) for view in shard.views}
    for view in views.values():
        view.constituents["d0"] = 2 * view.constituents["d0"]
    own = {"process_names": [*shard.processes], "label_names": [*shard.labels]}
    write_shard(path, initiators, views, {**shard.attributes, **own})


def test_other_impact_parameters_train_everything_again(folder, quick, tmp_path, crash_at):
    """As another detector card makes them: rows, momenta and multiplicities are the same."""
    first, other = (shutil.copytree(folder, tmp_path / name) for name in ("first", "other"))
    for path in other.glob("*.h5"):
        double_impact_parameters(path)
    one, changed_data = (rs3l_data.open(sorted(each.glob("*.h5"))) for each in (first, other))
    run(one, quick, tmp_path / "run")
    with pytest.raises(ConfigError, match="what the jets consist of is now"):
        pretrain(changed_data, quick, tmp_path / "run" / "pretrain")
    steps = crash_at(None)
    taggers = tmp_path / "run" / "study" / "trainings"
    for data, again in ((one, False), (changed_data, True)):
        bench = set_bench(data, quick, prepare(quick))
        before = len(steps)
        Trainings(bench, None).tagger("scratch", 20, 0, taggers / "scratch_20_0")
        assert (len(steps) > before) == again


def test_jets_are_told_apart_a_few_at_a_time(bench, monkeypatch):
    """All at once, padded, would take three times the memory of the jets themselves."""
    monkeypatch.setattr("rs3l_train.tasks.identity._AT_ONCE", 7)
    sizes, gather = [], JetViews.gather

    def counted(jets, selection):
        sizes.append(len(selection))
        return gather(jets, selection)

    monkeypatch.setattr(JetViews, "gather", counted)
    tagger_identity(bench, "scratch", 20, 0, None)
    assert sum(sizes) == len(bench.labelled(20, 0)) + len(bench.validation)
    assert max(sizes) == 7
