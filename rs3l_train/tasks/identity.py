"""What pretrainings and taggers depend on, by which an earlier one is recognised."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from torch import Tensor

from rs3l_data.store.reader import Dataset
from rs3l_data.store.row_sum import RowSum
from rs3l_data.store.tables import Array
from rs3l_train.config import DataConfig, NetworkMode, TrainingConfig
from rs3l_train.loop.identity import MODE, Identity, flat, flat_defaults
from rs3l_train.tasks.bench import Bench
from rs3l_train.views.reading import JET_COLUMNS

_AT_ONCE = 8192
"""Jets whose constituents are gathered at once: all of a large draw would need more memory than
the training"""


def pretraining_identity(config: TrainingConfig, dataset: Dataset) -> Identity:
    """Say what a pretraining depends on.

    Parameters
    ----------
    dataset
        The rows and views to train on.
    """
    # Not what is held out, nor what says so: a view that is only tested on may come and go.
    data = {*DataConfig.model_fields} - {"views", "hold_out"}
    # Labels without a jet to train on count, too: the network has an output for each.
    labels = {"the number of labels": len(dataset.labels)} if config.objective.needs_labels else {}
    return Identity(
        {
            **_flat(config, {"seed": True, "data": data, "backbone": True, "objective": True}),
            "the views": list(dataset.views),
            "the jets": _digest(_content_of(dataset)),
            "what the jets consist of": _digest_of_files(dataset),
            **labels,
        },
        _flat(config, {"pretrain": True, "loop": {"parts", "precision", "compile"}}),
        dict(flat_defaults("training", config)),
    )


def tagger_identity(
    bench: Bench,
    mode: NetworkMode,
    n_labels: int,
    draw: int,
    pretrained: dict[str, Tensor] | None,
) -> Identity:
    """Say what a tagger depends on; ``pretrained``: the weights that it begins with, if any."""
    config = bench.config
    weights = None
    if pretrained is not None:
        weights = _digest(value.cpu().numpy() for value in pretrained.values())
    return Identity(
        {
            MODE: mode,
            "--labels": n_labels,
            "the draw of the labels": draw,
            **_flat(
                config,
                {
                    "seed": True,
                    "data": {"constituents", "inputs", "rotation"},
                    "backbone": True,
                    "task": {"signal", "background", "balance", "validation_labels"},
                },
            ),
            "the views": list(_trained_views(bench)),
            "the jets": _digest(_content(bench, n_labels, draw)),
            "what the jets consist of": _digest(_constituents(bench, n_labels, draw)),
            "the pretrained weights": weights,
        },
        _flat(
            config,
            {
                "finetune": True,
                "loop": {"precision", "compile"},
                "evaluation": {"temperature_scaling"},
            },
        ),
        dict(flat_defaults("training", config)),
    )


def _flat(config: TrainingConfig, keys: dict[str, bool | set[str]]) -> dict[str, Any]:
    return dict(flat("training", config.model_dump(mode="json", include=keys)))


def _content_of(dataset: Dataset) -> Iterator[Array]:
    """Give what tells jets from others: whose they are, and what came of them."""
    for _, column in sorted(dataset.initiators.items()):
        yield column
    for view in dataset.views:
        yield from dataset.jets(view, ["present", "pt", "n_constituents"]).values()


def _digest_of_files(dataset: Dataset) -> str | None:
    """Tell apart what is in the jets, as their constituents' impact parameters, and not read yet.

    The sums that the files carry are of all their rows. Those of older versions have none.
    """
    used = [
        shard
        for shard, rows in zip(dataset.shards, dataset.rows, strict=True)
        if len(rows) and all(view in shard.sums for view in dataset.views)
    ]
    sums = [shard.sums[view] for shard in used for view in dataset.views]
    return sum(sums, RowSum()).digest()[:16] if sums else None


def _content(bench: Bench, n_labels: int, draw: int) -> Iterator[Array]:
    """Give what tells the jets of a training from others."""
    trained = _trained_views(bench)
    number = np.array([trained.get(name, -1) for name in bench.jets.names])
    for selection in (bench.labelled(n_labels, draw), bench.validation):
        views, rows = selection.views.cpu().numpy(), selection.rows.cpu().numpy()
        yield number[views]
        yield bench.target.cpu().numpy()[rows]
        yield bench.jets.jets["pt"].cpu().numpy()[views, rows]
        yield bench.softdrop_mass.cpu().numpy()[views, rows]
        for name in ("process", "event", "initiator"):
            yield np.asarray(bench.dataset.initiators[name])[rows]


def _constituents(bench: Bench, n_labels: int, draw: int) -> Iterator[Array]:
    """Give all that networks see of the jets of a training."""
    for selection in (bench.labelled(n_labels, draw), bench.validation):
        for first in range(0, len(selection), _AT_ONCE):
            batch = bench.jets.gather(selection[first : first + _AT_ONCE])
            # Not the padding: its width is that of all views, those only tested on, too.
            yield batch.mask.sum(1).cpu().numpy()
            for values in batch.constituents.values():
                yield values[batch.mask].cpu().numpy()
            for name in JET_COLUMNS:
                yield batch.jets[name].cpu().numpy()


def _trained_views(bench: Bench) -> dict[str, int]:
    """Give the views to train on, in the dataset's order, each with its number among them."""
    trained = [name for name in bench.jets.names if name in bench.trained_on]
    return {name: i for i, name in enumerate(trained)}


def _digest(arrays: Iterable[Array]) -> str:
    found = hashlib.sha256()
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()[:16]
