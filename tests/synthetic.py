"""A small dataset with the structure of a real one, made in a moment and without a generator.

Jets of the processes `higgs` and `hbb` have two prongs, those of the others one; an initiator keeps
its direction, momentum and prongs in all views, and its constituents are drawn anew in each. So a
network can learn the label, and what the views of one initiator share.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

import rs3l_data
from rs3l_data.describe.schema import (
    CONSTITUENTS,
    DECAYS,
    INITIATORS,
    JETS,
    Category,
    Status,
    empty,
    written_in,
)
from rs3l_data.events.hard_events import HardRun
from rs3l_data.offsets import offsets_of
from rs3l_data.reshape.merge import merge
from rs3l_data.store.checksums import checksums
from rs3l_data.store.manifest import MANIFEST_NAME, write_manifest
from rs3l_data.store.shard import write_shard
from rs3l_data.store.split import split_of
from rs3l_data.store.summary import build_manifest
from rs3l_data.store.tables import Initiators, View, concatenate, cut, take

HIGGS = ("higgs", "hbb")
FRACTIONS = (0.6, 0.2, 0.2)


def make_dataset(
    folder: Path,
    n_events: int = 100,
    views: Sequence[str] = ("nominal", "seed"),
    processes: Sequence[str] = ("higgs", "qcd"),
    seed: int = 0,
    n_shards: int = 2,
    compression: str = "blosc2",
    config: Mapping[str, Any] | None = None,
    mean_constituents: float = 25,
    labels: Sequence[str] | None = None,
) -> Path:
    """Write a dataset of ``n_events`` events of each process; returns its folder.

    ``config`` has further entries of the config that the shards tell; ``labels`` are those of the
    processes, called as the processes if not given.

    An event of a Higgs process has one initiator, any other has two.
    """
    folder = Path(folder)
    rng = np.random.default_rng(seed)
    made = [make_initiators(rng, i, name, n_events, seed) for i, name in enumerate(processes)]
    initiators = concatenate([one for one, _ in made])
    # Processes alternate, so that every shard has all of them.
    order = np.lexsort([initiators.columns[name] for name in ("initiator", "process", "event")])
    initiators = take(initiators, order)
    prongs = np.concatenate([one for _, one in made])[order]
    tables = {view: make_view(rng, initiators, prongs, mean_constituents) for view in views}
    attributes = {
        "process_names": list(processes),
        "label_names": list(labels or processes),
        "config": {
            "seed": seed,
            "views": {view: {} for view in views},
            "split": dict(zip(("train", "validation", "test"), FRACTIONS, strict=True)),
            **(config or {}),
        },
        "software": {"synthetic": "1"},
    }
    # Cuts lie between events, as those of a real dataset do.
    first = np.flatnonzero(initiators.columns["initiator"] == 0)
    cuts = np.linspace(0, len(first), n_shards, endpoint=False).astype(int)
    bounds = [*first[cuts], len(initiators)]
    paths = [folder / f"shard-{i:04d}.h5" for i in range(n_shards)]
    for path, start, stop in zip(paths, bounds[:-1], bounds[1:], strict=True):
        parts = {name: cut(view, start, stop) for name, view in tables.items()}
        write_shard(path, cut(initiators, start, stop), parts, attributes, compression)
    runs = [HardRun(name, seed, 1e-6, 1e-8, 2 * n_events, n_events, n_events) for name in processes]
    manifest = build_manifest(rs3l_data.open(paths), folder, runs, {"synthetic": "1"})
    write_manifest(folder, manifest)
    return folder


def make_grown(folder: Path) -> Path:
    """Write a dataset whose shard of `higgs` was packed before `qcd` was what it is now.

    So its first shard tells an older config than its manifest, and other versions than the second.
    """
    folder = Path(folder)

    def config(settings):
        processes = {"higgs": {"label": "higgs"}, "qcd": {"label": "qcd", "settings": [settings]}}
        return {"processes": processes}

    parts = [
        make_dataset(folder.with_name(f"{folder.name}-{name}"), 10, n_shards=1, processes=(name,))
        for name in ("higgs", "qcd")
    ]
    merge(parts, folder)
    shards = sorted(folder.glob("*.h5"), key=lambda path: "-2" in path.name)
    manifest = json.loads((folder / MANIFEST_NAME).read_text())
    manifest["config"] |= config("new")
    (folder / MANIFEST_NAME).write_text(json.dumps(manifest))
    for path, settings in zip(shards, ("old", "new"), strict=True):
        with h5py.File(path, "a") as file:
            own = {**json.loads(file.attrs["config"]), **config(settings)}
            file.attrs["config"] = json.dumps(own)
            file.attrs["software"] = json.dumps({"synthetic": settings})
    refresh(folder)
    return folder


def make_initiators(rng, process: int, name: str, n_events: int, seed: int):
    """Initiators, and the (η, φ, momentum fraction) of their two prongs: (n_rows, 2, 3)."""
    per_event = 1 if name in HIGGS else 2
    n = n_events * per_event
    columns = empty(INITIATORS, n)
    event = np.repeat(np.arange(n_events), per_event)
    columns["process"][:] = process
    columns["label"][:] = process
    columns["event"][:] = event
    columns["initiator"][:] = np.tile(np.arange(per_event), n_events)
    columns["split"][:] = split_of(seed, name, event, FRACTIONS)
    columns["weight"][:] = 1
    columns["pdg_id"][:] = 25 if name in HIGGS else 21
    columns["pt"][:] = 400 + rng.exponential(100, n)
    columns["eta"][:] = rng.uniform(-2, 2, n)
    columns["phi"][:] = rng.uniform(-np.pi, np.pi, n)
    columns["mass"][:] = 125 if name in HIGGS else 0
    z = rng.uniform(0.3, 0.7, n) if name in HIGGS else np.ones(n)
    distance = columns["mass"] / (columns["pt"] * np.sqrt(np.maximum(z * (1 - z), 0.01)))
    angle = rng.uniform(0, np.pi, n)
    prongs = np.empty((n, 2, 3))
    for i, (fraction, lever) in enumerate([(z, 1 - z), (1 - z, -z)]):
        prongs[:, i, 0] = columns["eta"] + lever * distance * np.cos(angle)
        prongs[:, i, 1] = columns["phi"] + lever * distance * np.sin(angle)
        prongs[:, i, 2] = fraction
    return _with_decays(columns, prongs, name in HIGGS), prongs


def _with_decays(columns, prongs, decaying: bool) -> Initiators:
    n = len(prongs)
    if not decaying:
        return Initiators(columns, empty(DECAYS, 0), np.zeros(n + 1, np.int64))
    decays = empty(DECAYS, 2 * n)
    decays["pdg_id"][:] = np.tile([5, -5], n)
    decays["pt"][:] = (prongs[:, :, 2] * columns["pt"][:, None]).ravel()
    decays["eta"][:] = prongs[:, :, 0].ravel()
    decays["phi"][:] = wrapped(prongs[:, :, 1].ravel())
    decays["mass"][:] = 4.8
    return Initiators(columns, decays, np.arange(n + 1) * 2)


def make_view(rng, initiators: Initiators, prongs, mean_constituents: float = 25) -> View:
    """Jets whose constituents scatter about the prongs."""
    n = len(initiators)
    present = rng.random(n) < 0.95
    counts = np.where(present, 3 + rng.poisson(mean_constituents - 3, n), 0)
    offsets = offsets_of(counts)
    row = np.repeat(np.arange(n), counts)
    prong = (rng.random(len(row)) > prongs[row, 0, 2]).astype(int)
    share = rng.exponential(1, len(row)) ** 2
    share /= np.bincount(row, share, n)[row]
    order = np.lexsort((-share, row))
    share, prong = share[order], prong[order]
    spread = 0.05 + 0.1 * rng.exponential(1, len(row))
    angle = rng.uniform(-np.pi, np.pi, len(row))
    constituents = empty(CONSTITUENTS, len(row))
    # The detector's part: one scale for each jet.
    scale = rng.normal(1, 0.05, n)
    constituents["pt"][:] = share * (initiators.columns["pt"] * scale)[row]
    constituents["eta"][:] = prongs[row, prong, 0] + spread * np.cos(angle)
    constituents["phi"][:] = wrapped(prongs[row, prong, 1] + spread * np.sin(angle))
    constituents["energy"][:] = constituents["pt"] * np.cosh(constituents["eta"])
    _tracks(rng, constituents)
    return View(
        _jets(present, row, counts, constituents, prongs, initiators), constituents, offsets
    )


def _tracks(rng, constituents) -> None:
    n = len(constituents["pt"])
    category = rng.choice(5, n, p=[0.6, 0.1, 0.28, 0.01, 0.01])
    charged = np.isin(category, [Category.CHARGED_HADRON, Category.ELECTRON, Category.MUON])
    constituents["category"][:] = category
    constituents["charge"][:] = np.where(charged, rng.choice([-1, 1], n), 0)
    for name, width in (("d0", 0.05), ("dz", 0.1)):
        constituents[name][:] = np.where(charged, rng.normal(0, width, n), 0)
        constituents[f"{name}_error"][:] = np.where(charged, width, 0)


def _jets(present, row, counts, constituents, prongs, initiators: Initiators):
    n = len(present)
    pt, eta, phi = (constituents[name].astype(float) for name in ("pt", "eta", "phi"))
    energy = constituents["energy"].astype(float)

    def total(values):
        return np.bincount(row, values, n)[present]

    px, py, pz = total(pt * np.cos(phi)), total(pt * np.sin(phi)), total(pt * np.sinh(eta))
    jets = empty(JETS, n)
    jets["status"][:] = np.where(present, Status.PRESENT, Status.NO_JET_MATCHED)
    jets["present"][:] = present
    jets["pt"][present] = np.hypot(px, py)
    jets["eta"][present] = np.arcsinh(pz / np.hypot(px, py))
    jets["phi"][present] = wrapped(np.arctan2(py, px))
    jets["mass"][present] = np.sqrt(np.maximum(total(energy) ** 2 - px**2 - py**2 - pz**2, 0))
    jets["softdrop_mass"][:] = 0.9 * jets["mass"]
    axis = np.stack([jets["eta"], jets["phi"]], axis=1)[row]
    to_prongs = np.stack([distance(eta, phi, *prongs[row, i, :2].T) for i in (0, 1)])
    norm = total(pt) * 0.8
    jets["tau1"][present] = total(pt * distance(eta, phi, *axis.T)) / norm
    jets["tau2"][present] = np.minimum(
        total(pt * to_prongs.min(axis=0)) / norm, jets["tau1"][present]
    )
    jets["tau3"][:] = 0.8 * jets["tau2"]
    jets["tau4"][:] = 0.8 * jets["tau3"]
    jets["n2"][:] = 0.5 * jets["tau2"] / jets["tau1"]
    jets["n_constituents"][:] = counts
    jets["contained"][:] = present
    for name in ("pt", "eta", "phi"):
        jets[f"initiator_{name}"][present] = initiators.columns[name][present]
    return jets


def wrapped(phi):
    """Into [-π, π) in float32."""
    phi = ((phi + np.pi) % (2 * np.pi) - np.pi).astype(np.float32)
    return np.where(phi >= np.float32(np.pi), -np.float32(np.pi), phi)


def distance(eta, phi, other_eta, other_phi):
    return np.hypot(eta - other_eta, wrapped(phi - other_phi))


def make_older(shard: Path, version: str) -> None:
    """Make a shard one of an older format version: without the columns that came later."""
    with h5py.File(shard, "a") as file:
        file.attrs["format_version"] = version
        for view in file["views"].values():
            for column in {*JETS} - {*written_in(JETS, version)}:
                del view[f"jets/{column.name}"]


def refresh(folder):
    """Make the manifest agree with the bytes of its files, as who tampers with both would."""
    manifest = json.loads((folder / MANIFEST_NAME).read_text())
    for entry in manifest["files"]:
        path = folder / entry["path"]
        entry |= {"bytes": path.stat().st_size, **checksums(path)._asdict()}
    (folder / MANIFEST_NAME).write_text(json.dumps(manifest))
