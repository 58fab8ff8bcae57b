import hashlib
import json
import tracemalloc

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rs3l_data
from rs3l_data.describe.schema import CONSTITUENTS, DECAYS, INITIATORS, JETS
from rs3l_data.events.weights import Weights
from rs3l_data.offsets import offsets_of
from rs3l_data.store.digest import digest, digest_of_sums
from rs3l_data.store.row_sum import RowSum, initiator_hashes, view_sum
from rs3l_data.store.shard import write_shard
from rs3l_data.store.tables import Initiators, View, take
from tests.data.store.random_tables import (
    ATTRIBUTES,
    counts,
    random_initiators,
    random_view,
    seeds,
    touching_disk,
)
from tests.synthetic import make_dataset, make_older

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
    dataset = rs3l_data.open(paths)
    found = digest(dataset)
    assert digest_of_sums(dataset) == found, "what the writer added up is what can be read"
    return found


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


@pytest.fixture(scope="module")
def unchanged(place):
    return digest_of(place, [content(1)])


TABLES = {"initiators": INITIATORS, "decays": DECAYS, "jets": JETS, "constituents": CONSTITUENTS}


@pytest.mark.parametrize(
    ("table", "column"), [(t, c.name) for t, columns in TABLES.items() for c in columns]
)
def test_any_changed_value_matters(place, unchanged, table, column):
    initiators, views = content(1)
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
    assert digest_of(place, [(initiators, views)]) != unchanged


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
    """Three times the same is not once, as it would be by XOR."""
    initiators, views = content(3)
    choices = [[0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4, 5, 5], [0, 1, 2, 3, 4, 5, 5, 5]]
    found = set()
    for rows in [*choices, []]:
        rows = np.array(rows, np.int64)
        taken: Initiators = take(initiators, rows)
        found.add(digest_of(place, [(taken, {n: take(v, rows) for n, v in views.items()})]))
    assert len(found) == 5


NAMES = ["higgs", "qcd"], ["higgs", "quark", "gluon"]


def sum_of(initiators, view, weights=None):
    return view_sum("nominal", initiator_hashes(initiators, *NAMES, weights), view)


@given(counts, seeds, st.data(), st.integers(1, 5))
def test_sums_of_any_parts_in_any_order_add_up(sizes, seed, data, part):
    rng = np.random.default_rng(seed)
    initiators, view = random_initiators(rng, sizes), random_view(rng, sizes)
    weights = Weights(("b", "a"), ("", ""), rng.choice([0.5, np.nan], (len(sizes), 2)))
    whole = sum_of(initiators, view, weights)
    order = np.array(data.draw(st.permutations(range(len(sizes)))), np.int64)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sizes)), max_size=3)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rs3l_data.store.row_sum._PART", part)
        parts = [
            sum_of(take(initiators, rows), take(view, rows), weights[rows])
            for rows in np.split(order, cuts)
        ]
    assert sum(parts, RowSum()) == whole
    assert whole.n == len(sizes)
    if sizes:
        double = whole + sum_of(take(initiators, order[:1]), take(view, order[:1]))
        assert double.digest() != whole.digest()


def test_sums_are_those_of_the_documented_bytes():
    """Row by row, as docs/format.md says, without any of the tables' packing."""
    rng = np.random.default_rng(4)
    initiators, view = random_initiators(rng, SIZES), random_view(rng, SIZES)
    weights = Weights(("b", "a"), ("", ""), rng.choice([0.5, np.nan], (len(SIZES), 2)))

    def meaning(name, *tables):
        return json.dumps(
            [name, *([(c.name, c.numpy_dtype.str) for c in table] for table in tables)]
        )

    def side_by_side(columns, table, row):
        return b"".join(table[column.name][row].tobytes() for column in columns)

    own = [column for column in INITIATORS if column.name not in ("process", "label")]
    total = 0
    for row, n in enumerate(SIZES):
        items = range(initiators.offsets[row], initiators.offsets[row + 1])
        one = hashlib.blake2b(meaning("initiators", own, DECAYS).encode())
        one.update(n.to_bytes(8, "little") + side_by_side(own, initiators.columns, row))
        one.update(b"".join(side_by_side(DECAYS, initiators.decays, item) for item in items))
        codes = zip(NAMES, ("process", "label"), strict=True)
        named = [names[initiators.columns[column][row]] for names, column in codes]
        one.update(json.dumps(named).encode())
        given = {n: v for n, v in zip("ba", weights.values[row], strict=True) if v == v}
        if given:
            one.update(json.dumps(sorted(given)).encode())
            one.update(b"".join(given[name].tobytes() for name in sorted(given)))
        other = hashlib.blake2b(meaning("nominal", JETS, CONSTITUENTS).encode())
        other.update(n.to_bytes(8, "little") + one.digest() + side_by_side(JETS, view.jets, row))
        for item in range(view.offsets[row], view.offsets[row + 1]):
            other.update(side_by_side(CONSTITUENTS, view.constituents, item))
        total += int.from_bytes(other.digest(), "little")
    assert sum_of(initiators, view, weights) == RowSum(total % 2**512, len(SIZES))


def test_a_sum_and_its_number_of_rows_both_count():
    assert RowSum(2**512 - 1, 1) + RowSum(3, 1) == RowSum(2, 2)
    assert len({RowSum(0, 0).digest(), RowSum(0, 1).digest(), RowSum(1, 1).digest()}) == 3
    rng = np.random.default_rng(5)
    with pytest.raises(ValueError, match="2 hashes of initiators, but 3 rows"):
        view_sum(
            "seed",
            initiator_hashes(random_initiators(rng, [1, 1]), *NAMES),
            random_view(rng, [1, 1, 1]),
        )


def test_memory_does_not_grow_with_the_rows():
    rng = np.random.default_rng(6)

    def peak(n):
        hashes, view = np.zeros(n, "V64"), random_view(rng, [40] * n)
        tracemalloc.start()
        view_sum("seed", hashes, view)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    few, many = peak(2_000), peak(20_000)
    assert many < 1.2 * few + 20_000 * 10, "at most the steps of the offsets"


def test_sums_are_added_up_without_reading_a_jet(tmp_path, monkeypatch):
    dataset = rs3l_data.open(make_dataset(tmp_path / "ds", n_events=5))
    some = dataset.select(views=["seed"])
    expected = digest(dataset), digest(some), digest(dataset[3:])
    with monkeypatch.context() as patch:
        patch.delattr("rs3l_data.store.shard.Shard.read_jets")
        patch.delattr("rs3l_data.store.shard.Shard.read_initiators")
        assert (digest_of_sums(dataset), digest_of_sums(some)) == expected[:2]
    assert digest_of_sums(dataset[3:]) == expected[2], "of a part of a shard, no sum is known"
    with h5py.File(dataset.shards[0].path, "a") as file:
        del file["views/seed"].attrs["row_sum"]
    assert digest_of_sums(rs3l_data.open(tmp_path / "ds")) == expected[0]


def test_the_digest_of_a_dataset_stays_what_it_was(tmp_path):
    """Digests are published beside datasets, and compared years later.

    The rows are bytes drawn at random: logarithms, say, are rounded by one processor like this and
    by another like that.
    """
    path = tmp_path / "shard.h5"
    write_shard(path, *content(1), ATTRIBUTES)
    found = digest(rs3l_data.open(path))
    assert found == "661397daf02218c821d8068bec52bf5a02e8f3da224d3d605cd4147a86deec80"
    make_older(path, "1.1")
    found = digest(rs3l_data.open(path))
    assert found == "c539d69b8181763935d80ec77c5a0f40287ddad85165339315a8f0be65b7aa94"
