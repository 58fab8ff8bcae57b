"""Events of another program: taken as they are, and decayed once."""

import re
from pathlib import Path

import numpy as np
import pytest

import rs3l_data
from rs3l_data.chain import initiator_table, row_weights
from rs3l_data.describe.schema import Status
from rs3l_data.exchange.lhe_out import export_lhe
from rs3l_data.jobs.provenance import attributes
from rs3l_data.simulate.pythia import initialise, prepared
from rs3l_data.store.digest import digest
from rs3l_data.store.hard import read_hard_events, write_hard_events
from rs3l_data.store.shard import open_shard, write_shard
from rs3l_data.store.summary import combine
from tests.data.conftest import momenta_of
from tests.data.exchange.conftest import higgs_config, joined, take
from tests.data.exchange.lhe_text import event_text, lhe_text, weight_of, write_lhe
from tests.data.showers import shower_tables


def test_events_are_taken_as_they_stand_and_resonances_decay(lhe):
    (hard,), (run,) = take(higgs_config([lhe]))
    particles = hard.particles
    text = Path(lhe).read_text().split("<event>\n")[1:]
    for event, lines in enumerate(text):
        first = hard.offsets[event]
        for row, line in enumerate(lines.split("\n")[1:5]):
            code, _, *_, px, py, pz, energy, mass, _, _ = map(float, line.split())
            assert particles["pdg_id"][first + row] == code
            p = momenta_of(particles, first + row)
            np.testing.assert_allclose(p, [px, py, pz, energy], rtol=1e-9, atol=1e-6)
            assert particles["mass"][first + row] == pytest.approx(mass)
        assert particles["status"][first : first + 4].tolist() == [-21, -21, -22, 23]
        products = particles["mother1"][first : hard.offsets[event + 1]] == 2 + 3
        assert products.sum() == 2
        total = momenta_of(particles)[first : hard.offsets[event + 1]][products].sum(axis=0)
        np.testing.assert_allclose(total, momenta_of(particles, first + 2), atol=1e-6)
        assert hard.events["scale"][event] == pytest.approx(float(lines.split()[3]))
    codes = set(np.abs(particles["pdg_id"][particles["mother1"] == 5]).tolist())
    assert codes <= {5, 15}, "the process's settings say how the Higgs boson decays"
    assert set(hard.events["process_code"].tolist()) == {17}
    plus = momenta_of(particles, hard.offsets[:-1])[:, 3]
    np.testing.assert_allclose(hard.events["x1"], plus / 6500, rtol=1e-6)
    assert run.sum_of_weights == hard.events["weight"].sum()


def branching(code, products):
    """Add up the branching ratios of a particle to pairs of these, as Pythia has them."""
    pythia = prepared(["Print:quiet = on", "HardQCD:all = on"])
    initialise(pythia)
    species = pythia.particleData.particleDataEntryPtr(code)
    channels = map(species.channel, range(species.sizeChannels()))
    return sum(one.bRatio() for one in channels if abs(one.product(0)) in products)


def test_weights_and_cross_section_are_those_of_the_decays_that_pythia_makes(tmp_path, lhe):
    """As of Pythia's own processes: H to b quarks and tau leptons alone, some 64 %."""
    (hard,), (run,) = take(higgs_config([lhe]))
    fraction = branching(25, {5, 15})
    assert 0.6 < fraction < 0.7
    written = np.array([weight_of(n) for n in range(12)])
    np.testing.assert_allclose(hard.events["weight"], fraction * written, rtol=1e-12)
    np.testing.assert_allclose(hard.weights.values[:, 0], fraction * 1.1 * written, rtol=1e-12)
    assert run.cross_section_mb == pytest.approx(fraction * 2.5e-9)
    # Those of Z bosons, whose decays are all open, keep their weights.
    mixed = tmp_path / "mixed.lhe"
    head, *events = lhe_text(range(12)).split("<event>")
    events[6:] = [event.replace("\n 25 1", "\n 23 1") for event in events[6:]]
    mixed.write_text("<event>".join([head, *events]))
    (hard,), (run,) = take(higgs_config([mixed]))
    factor = np.repeat([fraction, 1.0], 6)
    np.testing.assert_allclose(hard.events["weight"], factor * written, rtol=1e-12)
    mean = np.average(factor, weights=np.abs(written))
    assert run.cross_section_mb == pytest.approx(mean * 2.5e-9)
    assert run.cross_section_error_mb == pytest.approx(mean * 0.25e-9)


def test_what_has_decayed_in_the_file_keeps_its_weight(tmp_path, lhe):
    """Exported and taken in again, with the same channels closed."""
    config = higgs_config([lhe])
    (hard,), (run,) = take(config)
    saved = tmp_path / "hard.h5"
    write_hard_events(saved, hard, run, attributes(config))
    export_lhe([saved], tmp_path / "again.lhe")
    (again,), (taken,) = take(higgs_config([tmp_path / "again.lhe"]))
    assert taken.cross_section_mb == pytest.approx(run.cross_section_mb)
    relative = again.events["weight"] / hard.events["weight"]
    np.testing.assert_allclose(relative, relative[0], rtol=1e-9)


def test_weights_of_nothing_leave_the_cross_section_a_number(tmp_path):
    path = tmp_path / "nothing.lhe"
    text = lhe_text(range(2))
    for weight in {f" {weight_of(n):.10e}" for n in range(2)}:
        text = text.replace(f" 4 17{weight}", " 4 17 0.0")
    path.write_text(text)
    (hard,), (run,) = take(higgs_config([path], events=2))
    assert hard.events["weight"].tolist() == [0, 0]
    assert run.cross_section_mb == pytest.approx(2.5e-9)


@pytest.mark.parametrize(
    ("text", "odd"),
    [
        ("</init>", "# as the standard has it\n  # comments\n</init>"),
        ("<init>\n", "<init>\n\n"),
        ("<init>\n", "<init> "),
        ("0 17\n</init>", "0 17</init>"),
        ("0 17\n</init>", "0 17 </init>"),
        ("</init>", "<generator name='G' version='1'>cite\n # it\n</generator>\n</init>"),
        ("\n 25 1", "\n \n\n 25 1"),
        ("\n", "\r\n"),
        ("e+0", "D+0"),
        ("e+0", "d"),
        ("e-0", "D-0"),
        ("2.5 0.25", ".25D1 25.D-02"),
        ("<event>", "  <event npLO=' 1 ' npNLO=' 0 '>"),
        (
            "<MG5ProcCard>",
            "<MGRunCard>\n 4 = njet ! -1 < njet & njet < 9\n</MGRunCard>\n<MG5ProcCard>",
        ),
    ],
)
def test_lines_may_be_set_otherwise(tmp_path, lhe, text, odd):
    """Some are what Fortran writes; run cards are text, and need not be XML.

    A cross section that shared a line with the end of <init> was once read as 0.
    """
    path = tmp_path / "odd.lhe"
    path.write_bytes(lhe_text(range(12)).replace(text, odd).encode())
    (expected,), (made,) = take(higgs_config([lhe]))
    (hard,), (run,) = take(higgs_config([path]))
    assert run == made
    for name, column in joined([expected]).items():
        assert np.array_equal(joined([hard])[name], column), name


def test_momenta_may_have_few_digits(tmp_path):
    text = re.sub(r"(\.\d{4})\d*e", r"\1e", lhe_text(range(3)))
    path = tmp_path / "short.lhe"
    path.write_text(text)
    (hard,), _ = take(higgs_config([path], events=3))
    assert len(hard) == 3


def test_the_name_of_a_weight_is_no_number(tmp_path):
    path = tmp_path / "names.lhe"
    text = lhe_text(range(2)).replace("1001", "pdf 1D2 up").replace("e+0", "D+0")
    path.write_text(text.replace("<init>", "<!-- another comment -->\n<init>"))
    (hard,), _ = take(higgs_config([path], events=2))
    assert hard.weights.names == ("pdf 1D2 up", "muR=0.5/muF=1")
    assert hard.weights.meanings[0] == "MUR=2.0 MUF=1.0"
    ratio = hard.weights.values[:, 0] / hard.events["weight"]
    np.testing.assert_allclose(ratio, 1.1)


def test_what_weights_mean_may_stand_in_the_init_block(tmp_path):
    """Where the standard's third version has it (arXiv:1405.1067), and not in the header alone."""
    path = tmp_path / "init.lhe"
    before, opening, rest = lhe_text(range(2)).partition("<initrwgt>")
    meanings, closing, after = rest.partition("</initrwgt>\n")
    text = before + after.replace("</init>", opening + meanings + closing + "</init>")
    path.write_text(text)
    (hard,), _ = take(higgs_config([path], events=2))
    assert hard.weights.meanings == ("MUR=2.0 MUF=1.0", "half")


def test_files_and_chunks_leave_the_events_alone(tmp_path, lhe):
    whole = take(higgs_config([lhe]))
    write_lhe(tmp_path / "part1.lhe", range(5))
    write_lhe(tmp_path / "part2.lhe.gz", range(5, 12))
    parts = take(higgs_config([tmp_path / "part*"], chunk_events=4))
    for name, values in joined(whole[0]).items():
        np.testing.assert_array_equal(joined(parts[0])[name], values, err_msg=name)
    for name in ("cross_section_pb", "cross_section_error_pb", "sum_of_weights"):
        assert combine(parts[1])[name] == pytest.approx(combine(whole[1])[name])
    assert combine(parts[1])["cross_section_error_pb"] == pytest.approx(
        0.25 * branching(25, {5, 15})
    )


def test_decays_follow_from_the_seed(lhe):
    def decays(**blocks):
        (hard,), _ = take(higgs_config([lhe], **blocks))
        return momenta_of(hard.particles)[hard.particles["mother1"] == 5]

    assert np.array_equal(decays(), decays())
    assert not np.array_equal(decays(), decays(seed=12))


@pytest.mark.parametrize(
    "line",
    [
        "#pdf 21 21 0.125 0.0625 91.5 1.5 2.5",
        "#pdf 21 21 1.25D-01 .0625d0 9.15D+01 1.5 2.5",
        "#pdf 1 2 0.5 0.5 5\n#pdf 21 21 0.125 0.0625 91.5 1.5 2.5\n# pdf of the run\n#aMCatNLO 2 5",
    ],
)
@pytest.mark.parametrize("place", ["<rwgt>", "</event>"])
def test_the_files_own_momentum_fractions_and_densities_are_kept(tmp_path, line, place):
    event = event_text(0).replace(place, f"{line}\n{place}")
    text = lhe_text([]).replace("</LesHouchesEvents>", event)
    path = tmp_path / "pdf.lhe"
    path.write_text(text + "</LesHouchesEvents>\n")
    (hard,), _ = take(higgs_config([path], events=1))
    found = [hard.events[name][0] for name in ("x1", "x2", "q_fac", "pdf1", "pdf2")]
    assert found == [0.125, 0.0625, 91.5, 1.5, 2.5]


def test_an_event_outside_the_cuts_keeps_its_number_and_has_no_row(tmp_path):
    soft = event_text(1, pt=100.0)
    text = lhe_text([0]).replace("</LesHouchesEvents>", soft + event_text(2))
    path = tmp_path / "soft.lhe"
    path.write_text(text + "</LesHouchesEvents>\n")
    config = higgs_config([path], events=3)
    (hard,), _ = take(config)
    assert hard.events["event"].tolist() == [0, 1, 2]
    table = initiator_table(config, "mg", hard)
    assert table.columns["event"].tolist() == [0, 2]
    views = shower_tables(config, "mg", "nominal", hard, lambda _: None)
    assert all(len(view) == 2 for view in views.values())
    only = hard[1:2]
    assert len(shower_tables(config, "mg", "nominal", only, lambda _: None)["nominal"]) == 0


def test_further_weights_reach_the_dataset_and_its_digest(tmp_path, lhe):
    config = higgs_config([lhe])
    (hard,), (run,) = take(config)
    write_hard_events(tmp_path / "hard.h5", hard, run, attributes(config))
    hard = read_hard_events(tmp_path / "hard.h5")
    initiators = initiator_table(config, "mg", hard)
    views = shower_tables(config, "mg", "nominal", hard, lambda _: None)
    assert set(views["nominal"].jets["status"]) <= {Status.PRESENT, Status.NO_JET_MATCHED}

    def dataset(name, weights):
        path = tmp_path / name
        names = {"process_names": ["mg"], "label_names": ["Hbb"]}
        write_shard(path, initiators, views, {**attributes(config), **names}, "blosc2", weights)
        return rs3l_data.open(path)

    with_weights = dataset("with.h5", row_weights(hard, initiators))
    without = dataset("without.h5", None)
    weight = with_weights.initiators["weight"]
    np.testing.assert_allclose(with_weights.weights["1001"], 1.1 * weight)
    np.testing.assert_allclose(with_weights[3:7].weights["muR=0.5/muF=1"], -0.9 * weight[3:7])
    assert with_weights.weight_meanings["1001"] == "MUR=2.0 MUF=1.0"
    assert without.weights == {}
    assert digest(with_weights) != digest(without)
    both = rs3l_data.open([tmp_path / "without.h5", tmp_path / "with.h5"])
    assert np.isnan(both.weights["1001"]).sum() == len(without)
    assert not np.isnan(both[len(without) :].weights["1001"]).any()


def test_a_shards_digest_does_not_depend_on_what_other_shards_weigh(tmp_path, lhe):
    """Rows without further weights hash as they always did, in whatever company they are."""
    config = higgs_config([lhe], views={"nominal": {}})
    (hard,), _ = take(config)
    initiators = initiator_table(config, "mg", hard)
    views = shower_tables(config, "mg", "nominal", hard, lambda _: None)
    names = {"process_names": ["mg"], "label_names": ["Hbb"]}
    paths = [tmp_path / "a.h5", tmp_path / "b.h5"]
    for path, weights in zip(paths, (None, row_weights(hard, initiators)), strict=True):
        write_shard(path, initiators, views, {**attributes(config), **names}, "none", weights)
    one, other = (open_shard(path).sums["nominal"] for path in paths)
    assert one != other
    assert digest(rs3l_data.open(paths)) == (one + other).digest()
