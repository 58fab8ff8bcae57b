"""What the figures show is what is in the dataset."""

import numpy as np
import pytest

import rs3l_data
from rs3l_data.describe.schema import Status
from rs3l_data.report.distributions import collect
from rs3l_data.report.histograms import Histogram
from rs3l_data.report.impact import EDGES, collect_significances
from rs3l_data.report.jets_figure import example_rows, wrapped
from rs3l_data.report.missing import count_statuses, missing_table
from rs3l_data.report.observables import observables, values
from rs3l_data.report.ratios import ratio_half_range
from rs3l_data.report.spectrum import cross_section_density
from rs3l_data.report.style import label_lines, process_lines, view_lines
from rs3l_data.store.shard import write_shard
from rs3l_data.store.tables import View
from tests.data.report.conftest import VIEWS


def test_distributions_are_weighted_histograms_of_the_present_jets(dataset):
    shown = observables(dataset)
    found = collect(dataset, shown, rows=37)
    columns = dataset.initiators
    for view in VIEWS:
        jets = dataset.jets(view)
        for i, process in enumerate(dataset.processes):
            rows = (columns["process"] == i) & jets["present"]
            for one in shown:
                expected = np.histogram(
                    values(one.name, jets)[rows], one.edges, weights=columns["weight"][rows]
                )[0]
                histogram = found[process, view, one.name].view()
                np.testing.assert_allclose(histogram.sum_w[:-1], expected, err_msg=one.name)
                np.testing.assert_allclose(histogram.sum_w.sum(), columns["weight"][rows].sum())


def test_errors_of_distributions_count_events(dataset):
    """Of two jets that balance each other; with one jet to an event they count jets."""
    shown = observables(dataset)
    found = collect(dataset, shown, rows=len(dataset))
    ratios = {}
    for process in dataset.processes:
        own = dataset.select(processes=process)
        jets = own.jets("nominal")
        chosen = jets["present"]
        weight = own.initiators["weight"][chosen]
        for one in shown:
            expected = Histogram.empty(one.edges)
            expected.fill(values(one.name, jets)[chosen], weight, own.event_keys[chosen])
            squares = found[process, "nominal", one.name].view().sum_w2
            np.testing.assert_allclose(squares, expected.sum_w2, err_msg=one.name)
            ratios[process, one.name] = squares.sum() / np.sum(weight**2)
    assert ratios["higgs", "n_constituents"] == pytest.approx(1)
    assert ratios["qcd", "n_constituents"] > 1.02


def test_ranges_hold_nearly_all_jets(dataset):
    jets = dataset.jets("nominal")
    for one in observables(dataset):
        found = values(one.name, jets)[jets["present"]]
        inside = (found >= one.edges[0]) & (found <= one.edges[-1])
        assert inside.mean() > 0.95, one.name


def test_jets_of_a_heavy_resonance_are_in_the_range(dataset, tmp_path):
    """Of one process of two, at 500 GeV and below."""
    columns = dataset.initiators
    views = {}
    for name in dataset.views:
        view = dataset.read_view(name)
        heavy = view.jets["mass"] * np.where(columns["process"] == 0, np.float32(4), np.float32(1))
        views[name] = View({**view.jets, "mass": heavy}, view.constituents, view.offsets)
    write_shard(tmp_path / "0.h5", dataset.read_initiators(), views, dataset.shards[0].attributes)
    mass = next(one for one in observables(rs3l_data.open(tmp_path / "0.h5")) if one.is_mass)
    own = views["nominal"].jets["mass"][
        (columns["process"] == 0) & dataset.jets("nominal")["present"]
    ]
    assert np.mean(own < mass.edges[-1]) > 0.9
    assert mass.edges[-1] % 50 == 0
    assert next(one for one in observables(dataset) if one.is_mass).edges[-1] == 250


def test_bins_of_a_whole_number_hold_equally_many_numbers(dataset):
    (edges,) = (one.edges for one in observables(dataset) if one.name == "n_constituents")
    numbers = np.histogram(np.arange(0, 1000), edges)[0]
    assert len(set(numbers)) == 1


def test_missing_jets_are_counted_by_reason(dataset):
    counts = count_statuses(dataset, rows=23)
    process = dataset.initiators["process"]
    for j, view in enumerate(VIEWS):
        status = dataset.jets(view, ["status"])["status"]
        for i in range(len(dataset.processes)):
            expected = np.bincount(status[process == i], minlength=len(Status))
            np.testing.assert_array_equal(counts[i, j], expected)


def test_missing_shares(dataset):
    counts = np.zeros((2, 3, len(Status)), int)
    counts[..., Status.PRESENT] = 90
    counts[..., Status.NO_JET_MATCHED] = 8
    counts[..., Status.GENERATOR_FAILED] = 2
    table = missing_table(dataset, counts)
    assert [row[:3] for row in table.rows[:2]] == [
        ["higgs", "nominal", "100"],
        ["higgs", "seed", "100"],
    ]
    cells = dict(zip(table.header, table.rows[0], strict=True))
    assert cells["missing"].startswith("10.0 +")
    assert cells["no jet above the pT cut matched"].startswith("8.0 +")
    assert cells["jet not selected"].startswith("0.0 +")
    assert cells["generator failed"].startswith("2.0 +")
    assert "cut away" not in cells


def test_jets_that_were_cut_away_are_missing_for_a_reason(dataset):
    """They were in the sum of all reasons, and in none of the bars."""
    counts = np.zeros((2, 3, len(Status)), int)
    counts[..., Status.PRESENT], counts[..., Status.FAILED_CUT] = 60, 40
    table = missing_table(dataset, counts)
    cells = dict(zip(table.header, table.rows[0], strict=True))
    assert cells["cut away"] == cells["missing"]
    assert cells["missing"].startswith("40.0 ")


def test_cross_section_of_the_spectrum_is_the_process_own(dataset):
    """Weighted, each process with one initiator an event integrates to its cross section."""
    made = dataset.manifest["processes"]["higgs"]
    columns = dataset.select(processes="higgs").initiators
    edges = np.array([300.0, 450.0, 500.0, 5000.0])
    histogram = Histogram.empty(edges)
    histogram.fill(columns["pt"], columns["weight"], columns["event"])
    per_weight = made["cross_section_pb"] / made["sum_of_weights"]
    density, error = cross_section_density(histogram, per_weight)
    assert density @ np.diff(edges) == pytest.approx(made["cross_section_pb"])
    inside = columns["weight"][(columns["pt"] >= 450) & (columns["pt"] < 500)]
    assert error[1] * 50 == pytest.approx(per_weight * np.sqrt((inside**2).sum()))


def test_significances_are_those_of_tracks(dataset):
    found = collect_significances(dataset, rows=31)
    offsets, tracks = dataset.constituents("nominal")
    row = np.repeat(np.arange(len(dataset)), np.diff(offsets))
    charged = tracks["charge"] != 0
    for i, label in enumerate(dataset.labels):
        own = charged & (dataset.initiators["label"][row] == i)
        expected = np.histogram(
            np.abs(tracks["d0"][own]) / tracks["d0_error"][own],
            EDGES,
            weights=dataset.initiators["weight"][row[own]],
        )[0]
        np.testing.assert_allclose(found[label].sum_w[:-1], expected)


def test_the_error_of_the_tracks_is_that_of_independent_events(dataset):
    """Against a jackknife that leaves out one event at a time."""
    own = dataset.select(labels="qcd")
    found = collect_significances(own, rows=len(own))["qcd"]
    whole = found.density()[0][:6]
    _, event = np.unique(own.initiators["event"], return_inverse=True)
    n = event.max() + 1
    left = []
    for i in range(n):
        part = collect_significances(own[event != i])["qcd"]
        # The norm stays, as it does in the error.
        left.append(part.sum_w[:6] / (np.diff(EDGES)[:6] * found.sum_w.sum()))
    jackknife = np.sqrt(((np.array(left) - whole) ** 2).sum(0))
    np.testing.assert_allclose(found.density()[1][:6], jackknife, rtol=1e-6)


def test_example_jets_are_there_in_every_view(dataset):
    rows = example_rows(dataset)
    assert list(rows) == list(dataset.processes)
    for process, row in rows.items():
        assert dataset.processes[dataset.initiators["process"][row]] == process
        assert all(dataset.jets(view, ["present"])["present"][row] for view in VIEWS)


def test_azimuths_wrap():
    np.testing.assert_allclose(wrapped(np.array([3.2, -3.2])), [3.2 - 2 * np.pi, 2 * np.pi - 3.2])


def test_ratio_range_follows_the_well_measured_points():
    error = np.full(10, 0.01)
    assert ratio_half_range([(np.full(10, 1.05), error)]) == 0.1
    assert ratio_half_range([(np.full(10, 0.7), error)]) == 0.5
    assert ratio_half_range([(np.full(10, 3.0), error)]) == 1.0
    assert ratio_half_range([(np.full(10, 3.0), np.full(10, 2.0))]) == 0.1
    assert ratio_half_range([(np.full(10, np.nan), np.full(10, np.nan))]) == 0.1


def test_a_name_has_one_line_on_the_whole_page(dataset):
    """Here every process has one label of its own."""
    assert label_lines(dataset) == process_lines(dataset)
    many = view_lines([f"v{i}" for i in range(10)])
    assert len({(line["color"], str(line["linestyle"])) for line in many.values()}) == 10
