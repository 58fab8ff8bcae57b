"""A dataset of ours in the layout of JetClass, one ROOT file for each class, as weaver wants it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rs3l_data.convert import defaults
from rs3l_data.convert import jetclass as layout
from rs3l_data.convert.rows import Block, blocks, nested, require_no_others
from rs3l_data.describe.strict import nearest
from rs3l_data.errors import ConfigError
from rs3l_data.store.atomic import atomic_write
from rs3l_data.store.reader import Dataset

if TYPE_CHECKING:
    import awkward as ak


def write_jetclass(
    dataset: Dataset,
    folder: Path,
    view: str,
    classes: Mapping[str, str] | None = None,
    rows: int = defaults.ROWS,
) -> dict[Path, int]:
    """Write the jets of one view into ``folder/<class>.root``.

    Parameters
    ----------
    classes
        JetClass's class for further labels.
    rows
        Of the dataset that are held in memory.

    Returns
    -------
    dict
        The files and their numbers of jets.

    Raises
    ------
    InputFileError
        If there is no such view, or a shard is damaged.
    ConfigError
        If a label belongs to no class, or the folder has ROOT files of other classes.
    StorageError
        If a file cannot be written.
    """
    of_label = _classes(dataset, {**layout.CLASS_OF_LABEL, **(classes or {})})
    require_no_others(folder, "*.root", {f"{name}.root" for name in of_label.values()})
    counts: dict[Path, int] = {}
    trees: dict[str, Any] = {}
    with ExitStack() as files:
        for block in blocks(dataset, view, rows):
            labels = block.initiators.columns["label"]
            for name in dict.fromkeys(of_label.values()):
                mine = [index for index, label_class in of_label.items() if label_class == name]
                part = block.take(np.flatnonzero(np.isin(labels, mine)))
                if not len(part):
                    continue
                path = folder / f"{name}.root"
                branches = _branches(part, name)
                if name not in trees:
                    file = files.enter_context(_root_file(path))
                    types = {key: column.type for key, column in branches.items()}
                    trees[name] = file.mktree(layout.TREE, types)
                trees[name].extend(branches)
                counts[path] = counts.get(path, 0) + len(part)
    return counts


def _classes(dataset: Dataset, known: Mapping[str, str]) -> dict[int, str]:
    """Give the class of each label that the dataset has rows of, by the label's index."""
    found = {}
    for index in np.unique(dataset.initiators["label"]):
        label = dataset.labels[index]
        if known.get(label) not in layout.CLASSES:
            what = f"the label '{label}'" if label not in known else f"{label}={known[label]}"
            raise ConfigError(
                f"{dataset.source}: {what} is no class of JetClass: say one with "
                f"--class {label}=Tbqq; {nearest(known.get(label, label), layout.CLASSES)}"
            )
        found[int(index)] = known[label]
    return found


@contextmanager
def _root_file(path: Path) -> Iterator[Any]:
    import uproot

    with (
        atomic_write(path) as temporary,
        # Of a path uproot notes the name, which is the hidden one, with this process's number.
        temporary.open("w+b") as raw,
        # Its own identifiers hold the address of this machine's network card.
        uproot.recreate(raw, compression=uproot.LZ4(4), uuid_function=uuid.uuid4) as file,
    ):
        yield file


def _branches(block: Block, jet_class: str) -> dict[str, ak.Array]:
    import awkward as ak

    jets, found = block.momenta, block.view.constituents
    pt, eta, phi = (found[name].astype(float) for name in ("pt", "eta", "phi"))
    deta, dphi = block.angles
    # JetClass's authors reflect jets at negative eta here, and here alone.
    side = np.where(jets["eta"] > 0, 1, -1)[block.owner]
    part = {
        "px": pt * np.cos(phi),
        "py": pt * np.sin(phi),
        "pz": pt * np.sinh(eta),
        "energy": found["energy"],
        "deta": side * deta,
        "dphi": dphi,
        "charge": found["charge"],
        **{branch: found[name] for name, branch in layout.TRACK.items()},
    }
    flags = {flag: found["category"] == value for value, flag in layout.FLAGS.items()}
    initiators, columns = block.initiators.columns, block.view.jets
    # Shards of an older format have no tau4.
    unknown = np.full(len(block), np.nan)
    flat = {
        **{f"jet_{name}": jets[name] for name in ("pt", "eta", "phi", "energy")},
        **{branch: columns.get(name, unknown) for name, branch in layout.SUBSTRUCTURE.items()},
        "jet_nparticles": columns["n_constituents"],
        # As JetClass has it of QCD jets, what is not known is 0.
        **{f"aux_genpart_{n}": np.nan_to_num(initiators[n]) for n in ("pt", "eta", "phi")},
        "aux_genpart_pid": initiators["pdg_id"],
        "aux_truth_match": columns["contained"],
    }
    numbers = {
        "part": nested(
            block.view.offsets,
            {
                **{name: np.asarray(values, np.float32) for name, values in part.items()},
                **{name: np.asarray(values, np.int32) for name, values in flags.items()},
            },
        ),
        **{name: ak.Array(np.asarray(values, np.float32)) for name, values in flat.items()},
    }
    labels = {
        f"label_{name}": ak.Array(np.full(len(block), name == jet_class, np.int32))
        for name in layout.CLASSES
    }
    return {**numbers, **labels}
