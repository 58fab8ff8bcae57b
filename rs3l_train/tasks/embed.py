"""`embed`: what a network makes of each jet of a dataset, in one HDF5 file.

```
/                          attributes: process_names, label_names, views, model, dataset, software
/initiators/<column>       (n_rows,)     as in the dataset: process, event, initiator, label, split
/views/<view>/present      (n_rows,)     row i is the same initiator in every view
/views/<view>/embedding    (n_rows, D)   NaN where absent
/views/<view>/score        (n_rows,)     of a tagger alone: the logit; NaN where absent
```
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch

from rs3l_data.describe.schema import INITIATORS
from rs3l_data.errors import InputFileError
from rs3l_data.progress import Progress
from rs3l_data.store.columns import write_columns
from rs3l_data.store.hdf5 import creating
from rs3l_data.store.reader import Dataset
from rs3l_data.store.tables import Columns
from rs3l_train.loop.device import on_this_machine, prepare
from rs3l_train.loop.folder import require_other_file
from rs3l_train.loop.out_of_memory import out_of_memory_says
from rs3l_train.tasks.encode import apply_network
from rs3l_train.tasks.model import Model, open_model
from rs3l_train.views.batches import one_view
from rs3l_train.views.loading import warn_of_unknown_errors
from rs3l_train.views.memory import load

# Jets whose constituents and embeddings are in memory at once.
ROWS_AT_ONCE = 20_000
MEANINGS = {
    "present": "whether the initiator has a selected jet in this view",
    "embedding": "output of the backbone, jets as they are: not turned; NaN where absent",
    "score": "logit of the tagger, high for signal; NaN where absent",
}


@out_of_memory_says(
    "Make room on the device; with CUDA_VISIBLE_DEVICES= (empty) the work is done on the CPU"
)
def embed(dataset: Dataset, model_folder: Path, path: Path) -> dict[str, Any]:
    """Write the embeddings, and for a tagger the scores, of all rows in all views.

    Parameters
    ----------
    dataset
        With the rows and views chosen before.

    Returns
    -------
    dict
        What was written: `path`, `rows`, `views` (present jets of each), `dimension`, `scores`.

    Raises
    ------
    ConfigError
        If the file to write is the network's or the dataset's, or another one that holds no
        embeddings.
    InputFileError
        If the folder holds no trained network, or the dataset no rows.
    StorageError
        If the file cannot be written.
    TrainingError
        If memory is lacking.
    """
    require_other_file(path, model_folder, dataset)
    if not len(dataset):
        raise InputFileError(f"{dataset.source}: there are no rows to embed")
    model = open_model(model_folder)
    warn_of_unknown_errors(dataset, model.config.data)
    device = prepare(on_this_machine(model.config))
    model.network.to(device)
    n_present = dict.fromkeys(dataset.views, 0)
    # A file that cannot be written is better told before the jets are embedded than after.
    with creating(path, "embedding", _attributes(dataset, model)) as (file, disk):
        initiators = dataset.read_initiators().columns
        write_columns(file.create_group("initiators"), INITIATORS, initiators, "gzip")
        for block, rows in _blocks(dataset):
            for view in dataset.views:
                table = _applied(block, view, model, device)
                n_present[view] += int(table["present"].sum())
                _write(file.require_group(f"views/{view}"), table, rows, len(dataset))
            disk.check()
    return {
        "path": str(path),
        "rows": len(dataset),
        "views": n_present,
        "dimension": model.backbone.dimension,
        "scores": model.tagger is not None,
    }


def _blocks(dataset: Dataset) -> Iterator[tuple[Dataset, slice]]:
    """Cut a dataset into blocks, each with its place, and tell how far it is."""
    done = 0
    with Progress("embedding", len(dataset), "jets") as progress:
        for block in dataset.blocks(ROWS_AT_ONCE):
            yield block, slice(done, done + len(block))
            done += len(block)
            progress(done)


def _applied(block: Dataset, view: str, model: Model, device: torch.device) -> Columns:
    """Apply a model to a view: `present`, `embedding` and for a tagger `score`."""
    data = model.config.data
    jets = load(block, (view,), data.constituents, device)
    selection = one_view(jets.present, torch.arange(jets.n_rows, device=device), 0)
    present = jets.present[0].cpu().numpy()
    embedding = np.full((len(block), model.backbone.dimension), np.nan, np.float32)
    table: Columns = {"present": present, "embedding": embedding}
    if model.tagger is not None:
        table["score"] = np.full(len(block), np.nan, np.float32)
    if present.any():
        found = apply_network(model.backbone, jets, selection, data.inputs)
        embedding[present] = found.cpu().numpy()
        if model.tagger is not None:
            with torch.no_grad():
                table["score"][present] = model.tagger.logits(found).cpu().numpy()
    return table


def _write(group: h5py.Group, table: Columns, rows: slice, n_rows: int) -> None:
    """Put the rows of a block into datasets for ``n_rows``, which the first block makes.

    Contiguous and plain, which any reader takes: embeddings hardly compress.
    """
    for name, values in table.items():
        if name not in group:
            shape = (n_rows, *values.shape[1:])
            column = group.create_dataset(name, shape, values.dtype, track_times=False)
            column.attrs["meaning"] = MEANINGS[name]
        group[name][rows] = values


def _attributes(dataset: Dataset, model: Model) -> dict[str, Any]:
    manifest = dataset.manifest or {}
    # Its name alone: the folders are those of whoever embeds.
    source = Path(dataset.source).resolve().name
    return {
        "process_names": dataset.processes,
        "label_names": dataset.labels,
        "views": dataset.views,
        "model": model.provenance,
        "dataset": {"source": source, "digest": manifest.get("digest")},
        "software": {name: metadata.version(name) for name in ("torch", "numpy", "h5py")},
    }
