"""Tables of any content, for properties that must hold whatever the values mean."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from rs3l_data.describe.schema import CONSTITUENTS, DECAYS, INITIATORS, JETS
from rs3l_data.offsets import offsets_of
from rs3l_data.store.tables import Initiators, View

ATTRIBUTES = {
    "process_names": ["higgs", "qcd"],
    "label_names": ["higgs", "quark", "gluon"],
    "config": {"seed": 1},
}

touching_disk = settings(max_examples=25)
counts = st.lists(st.integers(0, 4), max_size=12)
seeds = st.integers(0, 2**32 - 1)


def random_columns(rng, columns, n):
    """Values of each column's whole range, NaN and infinities included."""
    table = {}
    for column in columns:
        dtype = column.numpy_dtype
        if dtype.kind == "b":
            table[column.name] = rng.random(n) < 0.5
        else:
            table[column.name] = np.frombuffer(rng.bytes(n * dtype.itemsize), dtype).copy()
    return table


def random_view(rng, sizes) -> View:
    offsets = offsets_of(np.array(sizes, np.int64))
    jets = random_columns(rng, JETS, len(sizes))
    return View(jets, random_columns(rng, CONSTITUENTS, offsets[-1]), offsets)


def random_initiators(rng, sizes) -> Initiators:
    offsets = offsets_of(np.array(sizes, np.int64))
    columns = random_columns(rng, INITIATORS, len(sizes))
    columns["process"] %= 2
    columns["label"] %= 3
    columns["event"] = columns["event"] % 1000
    return Initiators(columns, random_columns(rng, DECAYS, offsets[-1]), offsets)


def assert_same_columns(found, expected):
    """Equal bit by bit, the types included."""
    assert found.keys() == expected.keys()
    for name in expected:
        assert found[name].dtype == expected[name].dtype, name
        assert found[name].tobytes() == expected[name].tobytes(), name


def assert_same_view(found: View, expected: View):
    assert_same_columns(found.jets, expected.jets)
    assert_same_columns(found.constituents, expected.constituents)
    assert found.offsets.tolist() == expected.offsets.tolist()
