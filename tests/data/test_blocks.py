"""What a job hands from step to step, without any step: of which events, with which numbers."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from rs3l_data import chain
from rs3l_data.describe.pileup import Pileup
from rs3l_data.describe.references import reference_of
from rs3l_data.describe.schema import JETS, empty
from rs3l_data.describe.settings import hadronization_settings
from rs3l_data.detect.crossing import Crossings
from rs3l_data.events.hard_events import HardEvents
from rs3l_data.events.weights import Weights
from rs3l_data.pileup import crossings_of, cut_crossings, sample_of
from rs3l_data.stopwatch import no_stopwatch
from rs3l_data.store.tables import View
from tests.data.conftest import make_config

VIEWS = {
    "nominal": {},
    "seed": {},
    "again": {"redo": "hadronization", "of": "nominal"},
    "strange": {
        "redo": "hadronization",
        "of": "nominal",
        "variation": ["StringFlav:probStoUD = 0.3"],
    },
    "shifted": {"redo": "detector", "of": "again", "detector": {"ecal_scale": 1.05}},
    "crowded": {"redo": "detector", "of": "nominal", "pileup": {"mean": 5}},
}
SAMPLE = SimpleNamespace(n_events=3)
"""In the place of minimum-bias events, which nothing here looks at"""


def hard_events(n, first=0):
    """Make events of one Higgs boson or two, each with its b quarks; all numbers differ."""
    rows, counts = [], []
    for event in range(first, first + n):
        n_higgs = 1 + event % 2
        own = [(21, -21, 1, 0, 0, 900, 0), (21, -21, 2, 0, 0, -900, 0)]
        own += [(25, -22, 3, 460 + event + 10 * k, 40, 90, 125) for k in range(n_higgs)]
        for k in range(n_higgs):
            own += [(5, 23, 5 + k, 250 + event, 30 + k, 40, 4.8)]
            own += [(-5, 23, 5 + k, 200 + event, 10 - k, 50, 4.8)]
        rows += own
        counts.append(len(own))
    names = ("pdg_id", "status", "mother1", "px", "py", "pz", "mass")
    columns = dict(zip(names, np.array(rows, float).T, strict=True))
    whole = {name: columns[name].astype(np.int32) for name in names[:3]}
    number = np.arange(first, first + n)
    return HardEvents(
        {"event": number, "weight": 1.0 + number},
        {**columns, **whole},
        np.concatenate([[0], np.cumsum(counts)]),
        Weights(("up",), ("",), 10.0 * number[:, None]),
    )


@pytest.fixture
def config():
    return make_config(events=12, views=VIEWS, validation={"events": 12})


@pytest.fixture
def handed(config, monkeypatch):
    """Give what tables are made of, by view and block, for blocks of these sizes."""

    def cut(hard, sizes):
        ends = np.cumsum(sizes)
        return [hard[end - size : end] for end, size in zip(ends, sizes, strict=True)]

    def make(hard, sizes, one_pass=None):
        calls = []

        def table(_, card, batch, rows, keys, crossings, __):
            calls.append(SimpleNamespace(**locals()))
            n = len(rows.event)
            return View(empty(JETS, n), {}, np.zeros(n + 1, np.int64))

        def batches(_, __, simulated, hard, ___):
            for part in cut(hard, sizes):
                yield [SimpleNamespace(hard=part, of=name) for name in simulated]

        monkeypatch.setattr(chain, "batch_table", table)
        monkeypatch.setattr(chain, "_batches", batches)
        if one_pass is None:
            chosen = ["nominal", "again", "strange", "shifted", "crowded"]
            blocks = chain.shower_blocks(
                config, "hbb", "nominal", hard, lambda _: None, sample=SAMPLE
            )
            n_blocks = sum(1 for _ in blocks)
        else:
            chosen = [*reference_of(config, one_pass).tables]

            class OnePass:
                def __init__(self, *_):
                    self.hard, self.run = hard, None

                def __iter__(self):
                    return iter(SimpleNamespace(hard=part, of="") for part in cut(hard, sizes))

            monkeypatch.setattr(chain, "OnePass", OnePass)
            chain.onepass_chunk(config, "hbb", one_pass, 0, lambda _: None, SAMPLE)
            n_blocks = len(sizes)
        assert len(calls) == n_blocks * len(chosen)
        names = chosen * n_blocks
        return {
            name: [call for own, call in zip(names, calls, strict=True) if own == name]
            for name in chosen
        }

    return make


def keys_of(calls):
    return np.concatenate([call.keys for call in calls]).tolist()


def pileup_keys_of(calls):
    return np.concatenate([call.crossings.keys for call in calls]).tolist()


@pytest.mark.parametrize("one_pass", [None, "nominal"])
def test_an_event_has_its_own_random_numbers_in_whatever_block_it_is(handed, one_pass):
    hard = hard_events(6)
    whole, cut = (handed(hard, sizes, one_pass) for sizes in ((6,), (1, 3, 2)))
    for name, calls in cut.items():
        assert keys_of(calls) == keys_of(whole[name])
        assert [len(call.keys) for call in calls] == [1, 3, 2]
    assert pileup_keys_of(cut["crowded"]) == pileup_keys_of(whole["crowded"])
    assert [len(call.crossings.keys) for call in cut["crowded"]] == [1, 3, 2]
    if one_pass is None:
        later = handed(hard[2:], (4,))
        for name, calls in later.items():
            assert keys_of(calls) == keys_of(whole[name])[2:]


def test_no_two_views_nor_events_nor_the_one_pass_share_random_numbers(handed):
    hard = hard_events(6)
    views, one_pass = handed(hard, (4, 2)), handed(hard, (4, 2), "nominal")
    assert {*one_pass} >= {"nominal", "shifted", "crowded"}
    keys = [
        key for found in (views, one_pass) for calls in found.values() for key in keys_of(calls)
    ]
    keys += pileup_keys_of(views["crowded"]) + pileup_keys_of(one_pass["crowded"])
    assert len(keys) == 6 * (len(views) + len(one_pass) + 2)
    assert len({*keys}) == len(keys)


def test_each_view_has_the_particles_the_card_and_the_rows_that_are_its_own(config, handed):
    hard = hard_events(6)
    found = handed(hard, (1, 3, 2))
    particles = {name: {call.batch.of for call in calls} for name, calls in found.items()}
    assert particles == {
        "nominal": {"nominal"},
        "again": {"again"},
        "strange": {"strange"},
        "shifted": {"again"},
        "crowded": {"nominal"},
    }
    for name, calls in found.items():
        scale = 1.05 if name == "shifted" else 1
        nominal = config.card("nominal").ecal_scale
        assert {call.card.ecal_scale for call in calls} == {scale * nominal}
        assert {call.crossings is None for call in calls} == {name != "crowded"}
        for call in calls:
            own, rows = call.batch.hard, call.rows
            assert rows.event.tolist() == [
                place
                for place, event in enumerate(own.events["event"])
                for _ in range(1 + event % 2)
            ]
            assert (own.particles["pdg_id"][rows.initiator] == 25).all()
            assert own.particles["pdg_id"][rows.decay].tolist() == [5, -5] * len(rows.event)


def test_each_shower_and_each_hadronisation_has_seeds_of_its_own(config, monkeypatch):
    monkeypatch.setattr(chain, "resimulate", lambda *arguments: arguments)
    hard = hard_events(6)
    seeds = []
    for simulated in (["nominal", "again", "strange"], ["seed"]):
        _, _, _, of_shower, others, _ = chain._batches(config, "hbb", simulated, hard, no_stopwatch)
        assert [one.settings for one in others] == [
            hadronization_settings(config, "hbb", name) for name in simulated[1:]
        ]
        seeds += [*of_shower.tolist(), *(s for one in others for s in one.seeds.tolist())]
    assert len({*seeds}) == len(seeds) == 4 * 6


def test_rows_have_the_numbers_of_their_own_event_and_particles(config):
    hard = hard_events(5, first=3)
    table = chain.initiator_table(config, "hbb", hard)
    columns = table.columns
    assert columns["event"].tolist() == [3, 3, 4, 5, 5, 6, 7, 7]
    assert columns["initiator"].tolist() == [0, 1, 0, 0, 1, 0, 0, 1]
    assert columns["weight"].tolist() == (1.0 + columns["event"]).tolist()
    px = 460 + columns["event"] + 10 * columns["initiator"]
    assert columns["pt"] == pytest.approx(np.hypot(px, 40))
    assert set(columns["mass"].tolist()) == {125}
    assert table.offsets.tolist() == [*range(0, 17, 2)]
    assert table.decays["pdg_id"].tolist() == [5, -5] * 8
    event, k = (np.repeat(columns[name], 2) for name in ("event", "initiator"))
    first = np.tile([True, False], 8)
    pt = np.hypot(np.where(first, 250, 200) + event, np.where(first, 30 + k, 10 - k))
    assert table.decays["pt"] == pytest.approx(pt)
    later = chain.initiator_table(config, "hbb", hard_events(60)[30:]).columns["split"]
    whole = chain.initiator_table(config, "hbb", hard_events(60)).columns["split"]
    assert whole[-len(later) :].tolist() == later.tolist()
    assert len({*later.tolist()}) == 3
    further = chain.row_weights(hard, table)
    assert further.values[:, 0].tolist() == (10.0 * columns["event"]).tolist()
    assert chain.row_weights(replace(hard, weights=None), table) is None


def test_pileup_goes_by_stage_process_view_and_event(config):
    events = np.arange(4)
    keys = [
        key
        for arguments in (
            ("hbb", "crowded", events, SAMPLE),
            ("qcd", "crowded", events, SAMPLE),
            ("hbb", "crowded", events + 4, SAMPLE),
            ("hbb", "crowded", events, SAMPLE, "onepass/pileup"),
        )
        for key in crossings_of(config, *arguments).keys.tolist()
    ]
    assert len({*keys}) == 16
    crossings = Crossings(Pileup(mean=5), SAMPLE, np.arange(8, dtype=np.uint64))
    assert cut_crossings(crossings, 2, 5).keys.tolist() == [2, 3, 4]
    assert cut_crossings(None, 2, 5) is None


def test_each_minimum_bias_event_has_a_seed_of_its_own(config, monkeypatch):
    monkeypatch.setattr("rs3l_data.pileup.minimum_bias", lambda _, seeds, __: seeds.tolist())
    seeds = sample_of(config, lambda _: None)
    assert len({*seeds}) == len(seeds) == config.pileup.sample_events
