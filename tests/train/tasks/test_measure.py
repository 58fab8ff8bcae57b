from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.special import expit
from scipy.stats import wasserstein_distance

from rs3l_train.evaluation.baselines import NEEDED
from rs3l_train.evaluation.calibration import accuracy, calibration
from rs3l_train.evaluation.scores import Scores
from rs3l_train.evaluation.tagging import figures_of_merit
from rs3l_train.evaluation.trees import fit_trees
from rs3l_train.loop.device import prepare
from rs3l_train.tasks import measure
from rs3l_train.tasks.bench import set_bench
from rs3l_train.tasks.measure import embed_test_jets, measure_tagger
from rs3l_train.tasks.study import _summary
from rs3l_train.tasks.train_tagger import train_tagger
from rs3l_train.tasks.trees import _significances, measure_trees
from tests.train.conftest import changed


def test_figures_of_a_view_are_those_of_its_jets(bench, weights):
    tagger, _ = train_tagger(bench, "probe", 20, 0, weights)
    measured = measure_tagger(bench, tagger, 2.0)
    row = measured.rows[1]
    first, own = measured.scores["nominal"], measured.scores["seed"]
    rows = measure.tested_views(bench)["seed"].rows
    background = rows[bench.target[rows] == 0].numpy()
    np.testing.assert_array_equal(
        own.background_mass,
        bench.dataset.jets("seed")["softdrop_mass"][background].astype(np.float64),
    )
    assert (row["accuracy"], row["accuracy_error"]) == accuracy(own, 0.5)
    assert row["calibration"] == calibration(own, 0.5, 2.0)
    for name in ("signal", "background"):
        expected = wasserstein_distance(expit(getattr(own, name)), expit(getattr(first, name)))
        assert row["wasserstein"][name]["of_probability"] == pytest.approx(expected)


def test_what_passes_is_counted_by_label_and_by_what_gluons_split_to(bench, weights):
    tagger, _ = train_tagger(bench, "probe", 20, 0, weights)
    splitting = np.random.default_rng(5).choice([0, 4, 5], bench.splitting.shape).astype(np.uint8)
    measured = measure_tagger(replace(bench, splitting=splitting), tagger, None)
    row, own = measured.rows[1], measured.scores["seed"]
    assert row["view"] == "seed"
    signal = np.sort(measured.scores["nominal"].signal)
    passing = own.background >= signal[len(signal) - math.ceil(0.5 * len(signal))]
    of_background = splitting[1, own.background_jets]
    assert set(row["background_kinds"]) == {"qcd", "qcd+cc", "qcd+bb"}
    for ending, code in (("", 0), ("+cc", 4), ("+bb", 5)):
        chosen = of_background == code
        found = row["background_kinds"][f"qcd{ending}"]
        assert (found["n"], found["passing"]["0.5"]) == (chosen.sum(), passing[chosen].sum())
    total = sum(kind["passing"]["0.5"] for kind in row["background_kinds"].values())
    efficiency = row["at_nominal_threshold"]["0.5"]["background_efficiency"]
    assert total == pytest.approx(efficiency * row["n_background"])


def test_files_that_do_not_know_what_gluons_split_to_have_labels_alone(
    dataset, config, monkeypatch
):
    monkeypatch.setattr(
        "rs3l_data.store.reader.written_in",
        lambda columns, _: tuple(column for column in columns if column.name != "gluon_splitting"),
    )
    old = set_bench(dataset, config, prepare(config))
    background = np.flatnonzero(old.target == 0)
    assert set(old.kinds("seed", background)) == {"qcd"}


@pytest.mark.parametrize(
    ("unknown", "left"),
    [
        ("n2", NEEDED.keys() - {"n2", "n2 in window"}),
        ("softdrop_mass", {"n2", "tau21", "tau32"}),
        ("tau1", {"tau32", "mass window", "tau32 in window"}),
        ("tau2", {"n2", "mass window", "n2 in window"}),
        ("tau3", NEEDED.keys() - {"tau32", "tau32 in window"}),
    ],
)
def test_a_variable_that_a_dataset_does_not_know_is_no_baseline(bench, unknown, left):
    """It would be measured as an AUC of one half, with an error of 0."""
    own = bench.dataset
    without = SimpleNamespace(
        jets=lambda view: {**own.jets(view), unknown: np.full(len(own), np.nan)},
        labels=own.labels,
        initiators=own.initiators,
    )
    rows, scores = measure.measure_baselines(replace(bench, dataset=without))
    assert {row["name"] for row in rows} == scores.keys() == left


def test_a_variable_that_some_jets_lack_is_a_baseline_all_the_same(bench):
    """As N2 of a single constituent."""
    own = bench.dataset
    lacking = np.arange(len(own)) % 3 == 0
    without = SimpleNamespace(
        jets=lambda view: (t := own.jets(view)) | {"n2": np.where(lacking, np.nan, t["n2"])},
        labels=own.labels,
        initiators=own.initiators,
    )
    rows, _ = measure.measure_baselines(replace(bench, dataset=without))
    assert [row["name"] for row in rows if row["view"] == "seed"] == [*NEEDED]


def test_cosines_are_of_the_same_jets(bench, weights):
    tagger, _ = train_tagger(bench, "probe", 20, 0, weights)
    row = measure_tagger(bench, tagger, None).rows[1]
    z = embed_test_jets(bench, tagger.backbone, ["nominal", "seed"])
    found = {
        view: dict(
            zip(measure.tested_views(bench)[view].rows.tolist(), z[view].double(), strict=True)
        )
        for view in z
    }
    cosines = [
        float(torch.cosine_similarity(found["nominal"][r], found["seed"][r], dim=0))
        for r in found["nominal"].keys() & found["seed"].keys()
        if bench.target[r] == 1
    ]
    assert row["cosine"]["signal"]["same_jet"] == pytest.approx(np.mean(cosines))


@pytest.fixture
def given(monkeypatch):
    """What trees are fitted to."""
    given = []

    def noted(*arguments, **keys):
        given.append(arguments)
        return fit_trees(*arguments, **keys)

    monkeypatch.setattr("rs3l_train.tasks.trees.fit_trees", noted)
    return given


def test_trees_stop_on_the_validation_jets(bench, given):
    measure_trees(bench, 20, 0)
    ((_, target, _, truth),) = given
    assert target.tolist() == bench.target[bench.labelled(20, 0).rows].tolist()
    assert truth.tolist() == bench.target[bench.validation.rows].tolist()


def test_trees_take_every_seed_in_every_draw(bench):
    largest = replace(
        bench,
        config=changed(bench.config, seed=2**32 - 1),
        labelled_rows={(20, 1): bench.labelled_rows[20, 1]},
    )
    _, details = measure_trees(largest, 20, 1)
    assert details["trees"] >= 1


def test_trees_are_scaled_for_the_share_of_signal_that_they_learned_from(bench, monkeypatch):
    given = []
    monkeypatch.setattr(
        "rs3l_train.tasks.trees.fit_temperature", lambda *arguments: given.append(arguments) or 1.5
    )
    _, details = measure_trees(bench, 20, 0)
    ((scores, share),) = given
    assert (share, details["temperature"]) == (bench.signal_share, 1.5)
    assert share == 0.5
    assert len(scores.signal) + len(scores.background) == len(bench.validation)


def test_trees_see_the_tracks_of_their_jets(bench, given):
    """Those that the networks see, by a loop over them."""
    measure_trees(bench, 20, 0)
    selection = bench.labelled(20, 0)
    n_constituents, some = bench.config.data.constituents, 0
    for entry, found in enumerate(given[0][0]):
        view = bench.dataset.read_view(bench.jets.names[selection.views[entry]])
        row = int(selection.rows[entry])
        own = slice(
            view.offsets[row], min(view.offsets[row] + n_constituents, view.offsets[row + 1])
        )
        c = {name: column[own].astype(float) for name, column in view.constituents.items()}
        expected = []
        for d0, error, phi in zip(c["d0"], c["d0_error"], c["phi"], strict=True):
            turned = math.remainder(phi - float(view.jets["phi"][row]), 2 * math.pi)
            expected += [d0 / error * math.copysign(1, turned)] if error > 0 else []
        assert found[8] == sum(one > 3 for one in expected)
        largest = sorted([max(one, 0) for one in expected] + [0] * 4)[::-1][:4]
        np.testing.assert_allclose(found[9:], largest, rtol=1e-4)
        some += found[9] > 0
    assert some > 10


def test_tracks_without_an_error_have_no_significance(bench):
    """Their impact parameters are known in the datasets of RS3L's authors."""
    batch = bench.jets.gather(bench.labelled(20, 0))
    assert _significances(batch).any()
    unknown = torch.zeros_like(batch.constituents["d0_error"])
    batch = replace(batch, constituents=batch.constituents | {"d0_error": unknown})
    assert batch.constituents["d0"].any()
    assert not _significances(batch).any()


def test_the_summary_is_of_the_nominal_view(bench, config):
    random = np.random.default_rng(3)

    def measured(mode, shift):
        scores = {
            view: Scores(random.normal(size, 1, 300), random.normal(0, 1, 300))
            for view, size in (("nominal", shift), ("seed", 0.0))
        }
        found = figures_of_merit(scores, [0.5])
        return [{"mode": mode, "labels": 20, **row} for row in found]

    rows = [
        row for mode in config.task.modes for shift in (1.0, 1.5) for row in measured(mode, shift)
    ]
    entry = _summary(rows, bench)[0]
    (first, _), (second, _) = zip(rows[0:4:2], rows[1:4:2], strict=True)
    assert entry["auc_mean"] == pytest.approx((first["auc"] + second["auc"]) / 2)
    both = [row["rejection"]["0.5"] for row in (first, second)]
    assert entry["rejection_mean"]["0.5"] == pytest.approx(sum(both) / 2)
