"""Broken and hostile files, made at random, and what reading them comes to.

``python -m tests.fuzz --cases 2000 --seed 1`` (or ``make fuzz``) tries many; the tests try a few.
Every case is read in a process of its own, with a limit of memory and of time, and ends as

- ``refused``: an error of ours that names the file,
- ``same``: nothing read differs, the fault lies where nobody looks,
- ``other``: values differ that no check can know, as a flipped bit of a momentum,
- ``library``: HDF5 itself crashes or does not end on damaged metadata, which only the checksums of
  the manifest keep from it,
- or, which must not be, ``escaped`` (another exception), ``crash``, ``hang``, ``memory``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

import rs3l_data
from rs3l_data.errors import RS3LError
from rs3l_data.events.particles import Particles
from rs3l_data.integrity.validate import validate
from rs3l_data.store.hard import read_hard_events, read_hard_run, write_hard_events
from rs3l_data.store.pileup import read_sample, write_sample
from rs3l_data.store.view_file import EventRange, open_view_file, write_view_file
from tests.data.store.random_tables import random_view
from tests.data.store.test_files import RUN, random_hard_events
from tests.synthetic import make_dataset

FAULTS = ("escaped", "crash", "hang", "memory")
_SECONDS = 20
_BYTES = 1 << 30


@dataclass(frozen=True)
class Case:
    """One file and the way that it is read."""

    source: Path
    read: Callable[[Path], bytes]
    """Gives a fingerprint of all that was read"""


def sources(folder: Path) -> list[Case]:
    """Write one sound file of every kind, in every compression."""
    cases = []
    for compression in ("blosc2", "gzip", "none"):
        dataset = make_dataset(folder / compression, 6, n_shards=1, compression=compression)
        cases.append(Case(dataset / "shard-0000.h5", read_shard))
    rng = np.random.default_rng(1)
    hard, view, pileup = (folder / f"{name}.h5" for name in ("hard", "view", "pileup"))
    write_hard_events(hard, random_hard_events([3, 0, 5], 1), RUN, {"config": {}})
    keys = {"event": np.arange(3), "initiator": np.zeros(3, np.uint8)}
    blocks = [{"seed": random_view(rng, [2, 0, 4])}]
    write_view_file(view, EventRange("higgs", 0, 2), keys, ["seed"], blocks, {})
    write_sample(pileup, particles(rng), {"seed": 1})
    cases += [Case(hard, read_hard), Case(view, read_views), Case(pileup, read_pileup)]
    return [*cases, Case(folder / "gzip" / "dataset.json", read_manifest)]


def particles(rng: np.random.Generator) -> Particles:
    numbers = [rng.normal(size=7) for _ in range(7)]
    return Particles(np.array([0, 3, 7]), np.full(7, 211, np.int32), *numbers)


def read_shard(path: Path) -> bytes:
    """Read all that a user can, and validate; a violation is as good as an error."""
    dataset = rs3l_data.open(path)
    tables = [dataset.read_initiators().columns, dataset.decays()[1], dataset.weights]
    for view in dataset.views:
        table = dataset.read_view(view)
        dataset.to_numpy(view, n_constituents=8)
        tables += [table.jets, table.constituents, {"offsets": table.offsets}]
    dataset.select(splits="train").to_awkward(dataset.views[0])
    list(dataset.events())
    validate(path)
    return fingerprint(tables, dataset.shards[0].attributes)


def read_hard(path: Path) -> bytes:
    events = read_hard_events(path)
    return fingerprint([events.events, events.particles], read_hard_run(path)[1])


def read_views(path: Path) -> bytes:
    file = open_view_file(path)
    views = [file.read(name, 0, len(file.keys["event"])) for name in file.names]
    return fingerprint([t for v in views for t in (v.jets, v.constituents)], [*file.names])


def read_pileup(path: Path) -> bytes:
    sample, attributes = read_sample(path)
    return fingerprint([{n: getattr(sample, n) for n in sample.__slots__}], attributes)


def read_manifest(path: Path) -> bytes:
    dataset = rs3l_data.open(path.parent)
    validate(path.parent, with_digest=False)
    return fingerprint([], dataset.manifest)


def fingerprint(tables, attributes) -> bytes:
    hashed = hashlib.sha256(json.dumps(attributes, sort_keys=True, default=str).encode())
    for table in tables:
        for name, column in sorted(table.items()):
            hashed.update(f"{name}{column.dtype}{column.shape}".encode() + column.tobytes())
    return hashed.digest()


# What is done to the bytes.


def flip_bits(content: bytearray, rng: np.random.Generator) -> None:
    for position in rng.integers(0, len(content), rng.integers(1, 5)):
        content[position] ^= 1 << rng.integers(8)


def overwrite(content: bytearray, rng: np.random.Generator) -> None:
    start = rng.integers(0, len(content))
    piece = content[start : start + rng.integers(1, 200)]
    fill = (0, 255, None)[rng.integers(3)]
    new = rng.bytes(len(piece)) if fill is None else bytes([fill]) * len(piece)
    content[start : start + len(piece)] = new


def cut_off(content: bytearray, rng: np.random.Generator) -> None:
    del content[rng.integers(0, len(content)) :]


def cut_out(content: bytearray, rng: np.random.Generator) -> None:
    start = rng.integers(0, len(content))
    del content[start : start + rng.integers(1, 100)]


BYTES = (flip_bits, flip_bits, overwrite, cut_off, cut_out)


# What is done to the tables.


def replace(new) -> Callable[[h5py.File, str, np.random.Generator], None]:
    def put(file: h5py.File, name: str, rng: np.random.Generator) -> None:
        values = file[name][:]
        del file[name]
        file[name] = new(values, rng)

    return put


def offsets(new) -> Callable[[h5py.File, str, np.random.Generator], None]:
    """Damage the offsets next to a dataset, or else the first ones of the file."""

    def put(file: h5py.File, name: str, rng: np.random.Generator) -> None:
        beside = f"{name.rpartition('/')[0]}/offsets"
        place = beside if beside in file else next(n for n in every(file) if n.endswith("offsets"))
        values = file[place][:]
        row = rng.integers(0, len(values))
        values[row] = new(values, row)
        del file[place]
        file[place] = values

    return put


def absurd(file: h5py.File, name: str, rng: np.random.Generator) -> None:
    """Declare 10^15 values in every table, of which none is stored."""
    for one in every(file):
        if one.count("/") == name.count("/"):
            dtype = file[one].dtype
            del file[one]
            file.create_dataset(one, (10**15,), dtype, chunks=(1000,), compression="gzip")


def bomb(file: h5py.File, name: str, rng: np.random.Generator) -> None:
    """Compress a great many zeros into next to nothing."""
    dtype = file[name].dtype
    del file[name]
    file.create_dataset(name, data=np.zeros(10**8 // 2, dtype), compression="gzip", chunks=(10**6,))


def outside(file: h5py.File, name: str, rng: np.random.Generator) -> None:
    """Take the values from another file on the disk."""
    values = file[name][:]
    del file[name]
    external = [("/etc/hostname", 0, values.nbytes)]
    file.create_dataset(name, values.shape, values.dtype, external=external)


def virtual(file: h5py.File, name: str, rng: np.random.Generator) -> None:
    values = file[name][:]
    del file[name]
    layout = h5py.VirtualLayout(values.shape, values.dtype)
    layout[:] = h5py.VirtualSource("elsewhere.h5", "x", values.shape)
    file.create_virtual_dataset(name, layout)


def a_group(file: h5py.File, name: str, rng: np.random.Generator) -> None:
    del file[name]
    file.create_group(name)


def no_group(file: h5py.File, name: str, rng: np.random.Generator) -> None:
    group = name.rpartition("/")[0]
    del file[group]
    file[group] = 1


def attribute(file: h5py.File, name: str, rng: np.random.Generator) -> None:
    """Give a root attribute another type or content, or take it away."""
    key = [*file.attrs][rng.integers(len(file.attrs))]
    nested = "[" * 10**5
    values = (1.5, "{", '["a", "a"]', '["../.."]', '{"x": 1e999}', nested, [1, 2], "9" * 5000, "7")
    number = rng.integers(len(values) + 1)
    del file.attrs[key]
    if number < len(values):
        file.attrs[key] = values[number]


def every(file: h5py.File) -> list[str]:
    names: list[str] = []
    file.visititems(lambda n, item: names.append(n) if isinstance(item, h5py.Dataset) else None)
    return names


TABLES = (
    replace(lambda v, rng: v.astype("S4")),
    replace(lambda v, rng: v.astype("f8") if v.dtype != "f8" else v.astype("f4")),
    replace(lambda v, rng: v.astype(">i8")),
    replace(lambda v, rng: v[: rng.integers(0, max(1, len(v)))]),
    replace(lambda v, rng: v[..., None]),
    replace(lambda v, rng: v.ravel()[0] if v.size else 1),
    replace(lambda v, rng: np.array(["text"] * len(v), h5py.string_dtype())),
    replace(lambda v, rng: np.array([np.zeros(2)] * len(v) + [0], h5py.vlen_dtype(float))[:-1]),
    replace(lambda v, rng: h5py.Empty("f4")),
    replace(lambda v, rng: h5py.SoftLink("/nowhere")),
    replace(lambda v, rng: h5py.SoftLink("/views")),
    replace(lambda v, rng: h5py.ExternalLink("/etc/hostname", "/x")),
    replace(lambda v, rng: np.zeros(len(v), [("a", "f4"), ("b", "i2")])),
    offsets(lambda v, row: -5),
    offsets(lambda v, row: 2**62),
    offsets(lambda v, row: -(2**63)),
    offsets(lambda v, row: v[-1] + 7),
    offsets(lambda v, row: v[row] + (1 if row in (0, len(v) - 1) else -v[-1] - 1)),
    *(absurd, bomb, outside, virtual, a_group, no_group, attribute, attribute, attribute),
)


def mutate(content: bytes, path: Path, rng: np.random.Generator) -> str:
    """Write a damaged version of a file to ``path``, and say what was done."""
    if path.suffix == ".json":
        return mutate_manifest(content, path, rng)
    if rng.random() < 0.5:
        changed = bytearray(content)
        how = BYTES[rng.integers(len(BYTES))]
        how(changed, rng)
        path.write_bytes(changed)
        return how.__name__
    path.write_bytes(content)
    number = int(rng.integers(len(TABLES)))
    with h5py.File(path, "a") as file:
        names = every(file)
        name = names[rng.integers(len(names))]
        TABLES[number](file, name, rng)
    # Attributes that only describe may say anything.
    return "attribute" if TABLES[number] is attribute else f"table {number} {name}"


def mutate_manifest(content: bytes, path: Path, rng: np.random.Generator) -> str:
    manifest = json.loads(content)
    values = (None, -1, 10**30, 1.5, "../x", "/etc/hostname", "a\0b", [], {}, [[]] * 3, True)
    value = values[rng.integers(len(values))]
    place = manifest
    trail = []
    while isinstance(place, dict | list) and place:
        keys = [*place] if isinstance(place, dict) else [*range(len(place))]
        key = keys[rng.integers(len(keys))]
        trail.append(str(key))
        if rng.random() < 0.4 or not isinstance(place[key], dict | list):
            place[key] = value
            break
        place = place[key]
    path.write_text(json.dumps(manifest))
    return f"{'.'.join(trail)} = {value!r}"


def outcome(case: Case, path: Path, expected: bytes) -> tuple[str, str]:
    """Read a file in a process of its own."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.write(writer, _read(case, path, expected).encode()[:4000])
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read().decode(errors="replace")
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return ("hang" if number == signal.SIGALRM else "crash"), signal.Signals(number).name
    word, _, rest = said.partition(" ")
    return word, rest


def _read(case: Case, path: Path, expected: bytes) -> str:
    signal.alarm(_SECONDS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + _BYTES, used + _BYTES))
    try:
        found = case.read(path)
    except RS3LError as error:
        said = str(error)
        if "llocat" in said and "chunk" not in said:
            return f"memory {said}"
        place = str(path.parent if path.suffix == ".json" else path)
        return f"refused {said}" if place in said else f"escaped names no file: {said}"
    except MemoryError:
        return "memory " + traceback.format_exc()
    except BaseException:
        return "escaped " + traceback.format_exc()
    return "same" if found == expected else "other"


def run(folder: Path, cases: int, seed: int, kinds: list[Case]) -> tuple[Counter[str], list[str]]:
    """Try ``cases`` damaged files; gives how they ended, and a line for each that ended badly."""
    counts: Counter[str] = Counter()
    bad = []
    contents = [case.source.read_bytes() for case in kinds]
    expected = [case.read(case.source) for case in kinds]
    for number in range(cases):
        rng = np.random.default_rng([seed, number])
        which = int(rng.integers(len(kinds)))
        case = kinds[which]
        path = (
            case.source if case.source.suffix == ".json" else folder / f"case{case.source.suffix}"
        )
        done = mutate(contents[which], path, rng)
        word, more = outcome(case, path, expected[which])
        if word in ("crash", "hang") and done in {how.__name__ for how in BYTES}:
            word = "library"
        counts[word] += 1
        silent = word == "other" and done.startswith("table")
        if word in FAULTS or silent:
            bad.append(f"seed {seed}, case {number}: {case.source.name}, {done}: {word} {more}")
        path.write_bytes(contents[which])
    return counts, bad


def main() -> int:
    """Run many cases and print what ended badly."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        counts, bad = run(folder, given.cases, given.seed, sources(folder))
    sys.stdout.write("\n".join([*bad, str(dict(counts)), ""]))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
