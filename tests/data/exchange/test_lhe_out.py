"""Hard events for other programs: the same state, to the last digit, after any way back."""

import gzip
from functools import cache
from xml.etree import ElementTree

import numpy as np
import pylhe
import pytest
import pythia8mc

from rs3l_data.chain import hard_chunk
from rs3l_data.describe.chunks import n_chunks
from rs3l_data.describe.schema import HARD_EVENTS, HARD_PARTICLES
from rs3l_data.errors import InputFileError
from rs3l_data.exchange.lhe_out import export_lhe
from rs3l_data.jobs.provenance import attributes
from rs3l_data.store.hard import write_hard_events
from tests.data.conftest import make_config, momenta_of
from tests.data.exchange.conftest import higgs_config, joined, take

N = 10


@pytest.fixture(scope="module")
def hard_files(tmp_path_factory):
    """Make all hard events of a process once; gives them and their files."""

    @cache
    def make(process="top", chunk_events=N, flatten_pt=False):
        folder = tmp_path_factory.mktemp(process)
        config = make_config(
            processes={process: {"events": N}},
            hard={"chunk_events": chunk_events, "flatten_pt": flatten_pt},
        )
        parts, files = [], []
        for chunk in range(n_chunks(config, process)):
            hard, run = hard_chunk(config, process, chunk, lambda _: None)
            parts.append(hard)
            files.append(folder / f"{process}-{chunk}.h5")
            write_hard_events(files[-1], hard, run, attributes(config))
        return parts, files

    return make


@pytest.mark.parametrize("process", ["qcd", "top"])
def test_out_and_in_again_gives_the_same_hard_events(hard_files, tmp_path, process):
    parts, files = hard_files(process, chunk_events=4)
    path = tmp_path / "out.lhe.gz"
    assert export_lhe(files, path) == N
    config = make_config(
        processes={
            "again": {"events": N, "lhe": [str(path)], "initiators": [6], "label": "any"},
        },
        hard={"chunk_events": 7},
    )
    again, runs = take(config, "again")
    before, after = joined(parts), joined(again)
    energies = ("energy", "pz")  # Pythia lets the incoming energies follow from the outgoing ones
    for column in (*HARD_EVENTS, *HARD_PARTICLES):
        precision = 1e-12 if column.name in energies else 0
        np.testing.assert_allclose(
            after[column.name], before[column.name], rtol=precision, err_msg=column.name
        )
    assert runs[0].cross_section_mb > 0


def test_pylhe_reads_the_file_with_all_digits(hard_files, tmp_path):
    parts, files = hard_files()
    export_lhe(files, tmp_path / "out.lhe")
    file = pylhe.LHEFile.fromfile(tmp_path / "out.lhe")
    assert (file.init.initInfo.energyA, file.init.initInfo.weightingStrategy) == (6500.0, 3)
    events = list(file.events)
    found = np.array([[p.px, p.py, p.pz, p.e] for event in events for p in event.particles])
    np.testing.assert_array_equal(found, momenta_of(parts[0].particles))
    assert [event.optional[-1] for event in events] == [f"# event {n}" for n in range(N)]
    scales = [event.eventinfo.scale for event in events]
    np.testing.assert_array_equal(scales, parts[0].events["scale"])


def test_the_file_is_a_whole_document(hard_files, tmp_path):
    """To the end of it: readers that need no more than its events do not look there."""
    export_lhe(hard_files()[1], tmp_path / "out.lhe")
    document = ElementTree.parse(tmp_path / "out.lhe").getroot()
    assert document.tag == "LesHouchesEvents"
    assert [part.tag for part in document] == ["header", "init"] + N * ["event"]


def test_pythia_reads_the_file_and_showers_the_same_partons(hard_files, tmp_path):
    (hard,), files = hard_files()
    path = tmp_path / "out.lhe"
    export_lhe(files, path)
    pythia = pythia8mc.Pythia("", False)
    for line in ("Print:quiet = on", "Beams:frameType = 4", f"Beams:LHEF = {path}"):
        assert pythia.readString(line)
    assert pythia.init()
    for event in range(N):
        assert pythia.next()
        saved = momenta_of(hard.particles, slice(hard.offsets[event], hard.offsets[event + 1]))
        entries = [pythia.process[i + 3] for i in range(len(saved))]
        found = np.array([[p.px(), p.py(), p.pz(), p.e()] for p in entries])
        np.testing.assert_allclose(found, saved, rtol=1e-9, atol=1e-9)
        assert pythia.event.size() > 200, "not showered"
        assert pythia.infoPython().x1pdf() == pytest.approx(hard.events["x1"][event])
    assert not pythia.next()


def test_weights_go_out_and_come_in_again(tmp_path, lhe):
    config = higgs_config([lhe])
    (hard,), (run,) = take(config)
    write_hard_events(tmp_path / "hard.h5", hard, run, attributes(config))
    export_lhe([tmp_path / "hard.h5"], tmp_path / "again.lhe")
    assert "-4 1\n" in (tmp_path / "again.lhe").read_text(), "weighted events of one process"
    (again,), (run_again,) = take(higgs_config([tmp_path / "again.lhe"]))
    weight = again.events["weight"]
    assert np.mean(weight) == pytest.approx(run.cross_section_mb * 1e9, rel=1e-12)
    unit = weight[0] / hard.events["weight"][0]
    np.testing.assert_allclose(weight, unit * hard.events["weight"], rtol=1e-12)
    np.testing.assert_allclose(again.weights.values, unit * hard.weights.values, rtol=1e-12)
    assert again.weights.names == hard.weights.names
    assert again.weights.meanings == hard.weights.meanings
    assert run_again.cross_section_mb == pytest.approx(run.cross_section_mb)
    assert run_again.cross_section_error_mb == pytest.approx(run.cross_section_error_mb)


def test_another_program_finds_the_cross_section_in_the_weights(hard_files, tmp_path):
    """Of weighted events Pythia takes their mean, of unweighted ones what the file declares."""
    for name, flatten in (("flat", True), ("steep", False)):
        (hard,), files = hard_files("qcd", flatten_pt=flatten)
        path = tmp_path / f"{name}.lhe"
        export_lhe(files, path)
        assert (len(np.unique(hard.events["weight"])) > 1) == flatten
        file = pylhe.LHEFile.fromfile(path)
        declared = sum(each.xSection for each in file.init.procInfo)
        pythia = pythia8mc.Pythia("", False)
        off = [f"{part}Level:all = off" for part in ("Parton", "Hadron")]
        for line in ("Print:quiet = on", "Beams:frameType = 4", f"Beams:LHEF = {path}", *off):
            assert pythia.readString(line)
        assert pythia.init()
        assert sum(pythia.next() for _ in range(N)) == N
        assert pythia.infoPython().sigmaGen() * 1e9 == pytest.approx(declared, rel=1e-6)


def test_events_count_as_unweighted_if_every_one_of_them_weighs_1(tmp_path):
    """Not those of a generator beyond the leading order, of which most do and some weigh -1."""
    config = make_config(processes={"qcd": {"events": N}})
    hard, run = hard_chunk(config, "qcd", 0, lambda _: None)
    for name, weights, strategy in (("lo", 1, 3), ("nlo", np.where(np.arange(N) % 5, 1, -1), -4)):
        hard.events["weight"][:] = weights
        write_hard_events(tmp_path / f"{name}.h5", hard, run, attributes(config))
        export_lhe([tmp_path / f"{name}.h5"], tmp_path / f"{name}.lhe")
        init = pylhe.LHEFile.fromfile(tmp_path / f"{name}.lhe").init
        assert init.initInfo.weightingStrategy == strategy


def test_a_subprocess_may_have_a_negative_cross_section(tmp_path):
    config = make_config(processes={"qcd": {"events": N}})
    hard, run = hard_chunk(config, "qcd", 0, lambda _: None)
    codes = np.arange(N) % 2 + 1
    hard.events["process_code"][:] = codes
    hard.events["weight"][:] = np.where(codes == 1, 3.0, -1.0)
    write_hard_events(tmp_path / "hard.h5", hard, run, attributes(config))
    export_lhe([tmp_path / "hard.h5"], tmp_path / "out.lhe")
    first, second = pylhe.LHEFile.fromfile(tmp_path / "out.lhe").init.procInfo
    whole = run.cross_section_mb * 1e9
    assert (first.xSection, second.xSection) == pytest.approx((1.5 * whole, -0.5 * whole))
    errors = np.array([first.error, second.error])
    assert np.sum(errors**2) == pytest.approx((run.cross_section_error_mb * 1e9) ** 2)


def test_the_same_events_give_the_same_bytes(hard_files, tmp_path):
    for name in ("a.lhe.gz", "b.lhe.gz", "c.lhe"):
        export_lhe(hard_files()[1], tmp_path / name)
    a, b = ((tmp_path / name).read_bytes() for name in ("a.lhe.gz", "b.lhe.gz"))
    assert a == b
    assert gzip.decompress(a) == (tmp_path / "c.lhe").read_bytes()


def test_files_that_do_not_belong_together_are_refused(hard_files, tmp_path):
    _, (first, second, _) = hard_files(chunk_events=4)
    _, (other,) = hard_files("qcd", flatten_pt=False)
    out = tmp_path / "wrong.lhe"
    with pytest.raises(InputFileError, match=r"top-0.h5: begins with event 0, but event 7 came"):
        export_lhe([second, first], out)
    with pytest.raises(InputFileError, match=r"qcd-0.h5: of process qcd .* but .*top-0.h5 is of"):
        export_lhe([first, other], out)
    with pytest.raises(InputFileError, match=r"none\.h5: no such file"):
        export_lhe([tmp_path / "none.h5"], out)
    assert not out.exists()
