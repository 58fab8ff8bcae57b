from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from rs3l_data.chain import hard_chunk
from rs3l_data.describe.chunks import n_chunks
from rs3l_data.events.hard_events import HardRun
from rs3l_data.exchange.hepmc_out import export_hepmc
from tests.data.conftest import make_config
from tests.data.exchange.lhe_text import write_lhe

VIEWS = {
    "nominal": {},
    "rehadronized": {"redo": "hadronization", "of": "nominal"},
    "resmeared": {"redo": "detector", "of": "nominal"},
}
N_EXPORTED = 6
EXPORTED = make_config(views={**VIEWS, "elsewhere": {"hepmc": "{process}.hepmc"}})
DECAYS = ("25:onMode = off", "25:onIfAny = 5 15")


def run_of(process):
    """Say of a run of the hard process what its events do not."""
    return HardRun(process, EXPORTED.seed, 2e-7, 3e-9, 900, 600, 600.0)


def higgs_config(files, events=12, chunk_events=12, **blocks):
    process = {
        "events": events,
        "lhe": [str(file) for file in files],
        "settings": DECAYS,
        "initiators": [25],
        "label": "Hbb",
    }
    blocks = {"views": VIEWS, **blocks}
    return make_config(processes={"mg": process}, hard={"chunk_events": chunk_events}, **blocks)


def take(config, process="mg"):
    """Make all chunks' hard events and their runs."""
    chunks = [
        hard_chunk(config, process, n, lambda _: None) for n in range(n_chunks(config, process))
    ]
    return [hard for hard, _ in chunks], [run for _, run in chunks]


def joined(parts):
    """Join hard events into plain columns."""
    tables = {}
    for kind in ("events", "particles"):
        for name in getattr(parts[0], kind):
            tables[name] = np.concatenate([getattr(part, kind)[name] for part in parts])
    tables["sizes"] = np.concatenate([np.diff(part.offsets) for part in parts])
    return tables


@pytest.fixture
def lhe(tmp_path):
    """Give a file of twelve events."""
    return write_lhe(tmp_path / "higgs.lhe", range(12))


@pytest.fixture(scope="session")
def own(hard_of):
    """Give the first hard events of our own processes."""
    return lambda process, n=6: replace(hard_of(process)[:n])


@pytest.fixture(scope="session")
def exported(hard_of, tmp_path_factory):
    """Export a view of the first events of a process; gives the file."""
    folder = tmp_path_factory.mktemp("hepmc")

    @cache
    def make(process="top", view="nominal", name="{process}-{view}.hepmc"):
        path = folder / name.format(process=process, view=view)
        hard = hard_of(process)[:N_EXPORTED]
        export_hepmc(EXPORTED, run_of(process), view, hard, path, lambda _: None)
        return path

    return make


@pytest.fixture
def changed(exported, tmp_path):
    """Give the exported file of top quarks with its lines changed."""

    def make(change, name="changed.hepmc"):
        lines = change(exported().read_bytes().splitlines(keepends=True))
        (tmp_path / name).write_bytes(b"".join(lines))
        return tmp_path / name

    return make
