"""`export`: a trained network as an ONNX file that takes physical columns."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Mapping
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from rs3l_data.describe.schema import CONSTITUENTS, JETS
from rs3l_data.errors import ConfigError
from rs3l_data.store.atomic import require_named, write_whole
from rs3l_train.errors import ExportError
from rs3l_train.loop.folder import require_other_file
from rs3l_train.tasks.deployed import Deployed
from rs3l_train.tasks.model import Model, open_model
from rs3l_train.tasks.parity import INPUTS, largest_difference, random_jets, tensors
from rs3l_train.views.reading import CONSTITUENT_COLUMNS, JET_COLUMNS

logger = logging.getLogger(__name__)

FORMAT = "rs3l-onnx-1"
OPSET = 18
PACKAGES = ("onnx", "onnxruntime", "onnxscript")
# Largest difference between PyTorch and ONNX Runtime, in units of the output's spread over jets.
TOLERANCE = 1e-3


def export(folder: Path, path: Path) -> dict[str, Any]:
    """Write the network of a folder as ONNX, after comparing it with PyTorch on random jets.

    Returns
    -------
    dict
        `path`, `inputs`, `outputs`, `difference`, the largest that was found, and `tolerance`,
        both in units of the output's spread.

    Raises
    ------
    ConfigError
        If a package that it takes is not installed, or the file to write is the network's or not
        called as an ONNX file is.
    InputFileError
        If the folder holds no trained network.
    ExportError
        If the file would not give what the network gives; none is written then.
    StorageError
        If the file cannot be written.
    """
    require_other_file(path, folder)
    require_named(path, "ONNX file", ".onnx")
    # A free name is not enough: called as a checkpoint, it would be taken for one.
    if path.suffix.lower() != ".onnx":
        raise ConfigError(f"--out {path}: an ONNX file is written; choose a name like x.onnx")
    missing = [package for package in PACKAGES if find_spec(package) is None]
    if missing:
        raise ConfigError(
            f"export needs {', '.join(missing)}, not installed here:"
            " `pip install '.[export]'` in a clone"
        )
    model = open_model(folder)
    network = Deployed(model).eval()
    content = _serialised(network, _properties(model))
    difference = largest_difference(network, content)
    if not difference <= TOLERANCE:
        raise ExportError(
            f"{path}: not written: ONNX Runtime and PyTorch differ by {difference:.1e} of the"
            f" output's spread, more than {TOLERANCE:g}; try other versions of torch and onnxscript"
        )
    logger.info(
        "ONNX Runtime and PyTorch differ by %.1e of the output's spread at most (tolerance %g)",
        *(difference, TOLERANCE),
    )
    write_whole(path, content)
    return {
        "path": str(path),
        "inputs": [*INPUTS],
        "outputs": _outputs(network),
        "difference": difference,
        "tolerance": TOLERANCE,
    }


def _serialised(network: Deployed, properties: Mapping[str, str]) -> bytes:
    import onnx

    n, width = torch.export.Dim("jets"), torch.export.Dim("constituents")
    constituents, jets = tensors(random_jets(3, network.n_constituents + 2))
    # The exporter does not follow the memory layout of the fused kinds of attention.
    with sdpa_kernel(SDPBackend.MATH), warnings.catch_warnings():
        # Of what PyTorch does inside its exporter, nothing that a user could change.
        warnings.simplefilter("ignore")
        for talker in ("torch.onnx", "onnxscript"):
            logging.getLogger(talker).setLevel(logging.ERROR)
        try:
            program = torch.onnx.export(
                network,
                kwargs={"constituents": constituents, "jets": jets},
                dynamo=True,
                opset_version=OPSET,
                verbose=False,
                input_names=[*INPUTS],
                output_names=_outputs(network),
                dynamic_shapes={
                    "constituents": {name: {0: n, 1: width} for name in constituents},
                    "jets": {name: {0: n} for name in jets},
                },
            )
        except torch.onnx.OnnxExporterError as error:
            raise ExportError(
                f"PyTorch {torch.__version__} cannot export this network: {error}; try other"
                " versions of torch and onnxscript"
            ) from error
    if program is None:
        raise ExportError(f"PyTorch {torch.__version__} gave no program; try another version")
    proto = program.model_proto
    for node in proto.graph.node:
        # Which line of which file on this machine it comes from, in more bytes than all else.
        node.ClearField("metadata_props")
    onnx.helper.set_model_props(proto, dict(properties))
    onnx.checker.check_model(proto)
    content: bytes = proto.SerializeToString()
    return content


def _outputs(network: Deployed) -> list[str]:
    return ["embedding"] if network.tagger is None else ["embedding", "score"]


def _properties(model: Model) -> dict[str, str]:
    """Say in the file what it takes and where it comes from."""
    columns = {
        f"{table}_{column.name}": f"{column.meaning} [{column.unit or '1'}]"
        for table, schema, names in (
            ("constituents", CONSTITUENTS, CONSTITUENT_COLUMNS),
            ("jets", JETS, JET_COLUMNS),
        )
        for column in schema
        if column.name in names
    }
    return {
        "format": FORMAT,
        "inputs": json.dumps(columns),
        "constituents": str(model.config.data.constituents),
        "features": model.config.data.inputs,
        **{key: _text(value) for key, value in model.provenance.items()},
        "software": json.dumps({name: metadata.version(name) for name in ("torch", "onnx")}),
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
