import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rs3l_data
from rs3l_data.describe.schema import CONSTITUENTS, DECAYS, INITIATORS, JETS
from rs3l_data.store.digest import digest
from rs3l_data.store.shard import write_shard
from rs3l_data.store.tables import Initiators, View, offsets_of, take
from tests.data.store.random_tables import (
    ATTRIBUTES,
    random_initiators,
    random_view,
    seeds,
    touching_disk,
)
from tests.synthetic import make_dataset

SIZES = [2, 0, 3, 1, 1, 4]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("digest")


def content(seed):
    rng = np.random.default_rng(seed)
    views = {name: random_view(rng, rng.permutation(SIZES)) for name in ("nominal", "seed")}
    return random_initiators(rng, SIZES), views


def digest_of(place, shards, attributes=ATTRIBUTES, compression="none"):
    paths = [place / f"{i}.h5" for i in range(len(shards))]
    for path, (initiators, views) in zip(paths, shards, strict=True):
        write_shard(path, initiators, views, attributes, compression)
    return digest(rs3l_data.open(paths))


@touching_disk
@given(
    seeds,
    st.permutations(range(len(SIZES))),
    st.integers(0, len(SIZES)),
    st.sampled_from([1, 2, 100]),
    st.sampled_from(["blosc2", "gzip"]),
)
def test_shards_order_compression_and_numbering_do_not_matter(
    place, seed, order, at, block, compression
):
    initiators, views = content(seed)
    expected = digest_of(place, [(initiators, views)])
    pieces = [
        (take(initiators, rows), {name: take(views[name], rows) for name in ("seed", "nominal")})
        for rows in (np.array(order[:at], np.int64), np.array(order[at:], np.int64))
    ]
    for piece, _ in pieces:
        piece.columns["process"][:] = 1 - piece.columns["process"]
    renumbered = {**ATTRIBUTES, "process_names": ATTRIBUTES["process_names"][::-1]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rs3l_data.store.digest._BLOCK", block)
        assert digest_of(place, pieces, renumbered, compression) == expected


TABLES = {"initiators": INITIATORS, "decays": DECAYS, "jets": JETS, "constituents": CONSTITUENTS}


@pytest.mark.parametrize(
    ("table", "column"), [(t, c.name) for t, columns in TABLES.items() for c in columns]
)
def test_any_changed_value_matters(place, table, column):
    initiators, views = content(1)
    before = digest_of(place, [(initiators, views)])
    columns = {
        "initiators": initiators.columns,
        "decays": initiators.decays,
        "jets": views["seed"].jets,
        "constituents": views["seed"].constituents,
    }[table][column]
    if column in ("process", "label"):
        columns[3] = 1 - columns[3] % 2
    elif columns.dtype == bool:
        columns[3] = not columns[3]
    else:
        # The lowest bit of one value.
        columns.view(f"u{columns.itemsize}")[3] ^= 1
    assert digest_of(place, [(initiators, views)]) != before


def test_borders_of_rows_and_names_of_views_matter(place):
    initiators, views = content(2)
    before = digest_of(place, [(initiators, views)])
    view = views["seed"]
    counts = np.diff(view.offsets)
    i = int(np.argmax(counts))
    counts[i] -= 1
    counts[i - 1] += 1
    moved = View(view.jets, view.constituents, offsets_of(counts))
    assert digest_of(place, [(initiators, {**views, "seed": moved})]) != before
    swapped = {"nominal": views["seed"], "seed": views["nominal"]}
    assert digest_of(place, [(initiators, swapped)]) != before


def test_rows_missing_or_doubled_matter(place):
    initiators, views = content(3)
    found = set()
    for rows in ([0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4, 5, 5], []):
        rows = np.array(rows, np.int64)
        taken: Initiators = take(initiators, rows)
        found.add(digest_of(place, [(taken, {n: take(v, rows) for n, v in views.items()})]))
    assert len(found) == 4


def test_the_digest_of_a_dataset_stays_what_it_was(tmp_path):
    """Digests are published beside datasets, and compared years later."""
    found = digest(rs3l_data.open(make_dataset(tmp_path / "ds", n_events=5)))
    assert found == "10340768097a59d86217efce12c23a9efa6f67f007710651236a3dc984648a24"
