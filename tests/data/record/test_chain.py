"""From a dataset through an archive that misbehaves to a trained network, by commands alone."""

import json
import subprocess
import sys

import numpy as np
import pytest

import rs3l_data
from rs3l_data.store.digest import digest
from rs3l_data.store.manifest import damaged_files
from tests.archive_server import Fault
from tests.synthetic import make_dataset

TRAINING = {
    "seed": 3,
    "device": "cpu",
    "threads": 1,
    "data": {"constituents": 16},
    "backbone": {"width": 8, "layers": 1, "neighbours": 4, "output": [8, 4]},
    "pretrain": {"views_seen": 400, "jets_per_batch": 16, "validation_jets": 20},
}


def command(package, *arguments):
    line = [sys.executable, "-m", package, *map(str, arguments)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_dataset_to_archive_to_training(archive, tmp_path):
    source = make_dataset(tmp_path / "ds", n_events=60)
    about = tmp_path / "about.yaml"
    about.write_text(json.dumps({"title": "Jets", "creators": [{"name": "Curie, Marie"}]}))
    record = tmp_path / "record"
    command(
        "rs3l_data", "publish", source, "--to", record, "--about", about, "--shard-size", "80kB"
    )
    archive.add("1", record)
    rng = np.random.default_rng(1)
    for path in record.glob("*.h5"):
        archive.faults[path.name] = [
            Fault(cut_after=int(rng.integers(path.stat().st_size))),
            Fault(status=429, headers={"Retry-After": "0"}),
            Fault(corrupt=True),
        ]
    here = tmp_path / "here"
    fetching = ("download", f"{archive.url}/records/1", "--to", here, "--json")
    first = json.loads(command("rs3l_data", *fetching))
    assert first["fetched"] == first["files"] == len(list(record.iterdir()))
    archive.shutdown()
    archive.server_close()
    assert json.loads(command("rs3l_data", *fetching))["fetched"] == 0
    ds = rs3l_data.open(here)
    assert damaged_files(here, ds.manifest) == []
    assert digest(ds) == digest(rs3l_data.open(source))
    assert sum(1 for _ in ds.events()) == 120
    config = tmp_path / "training.yaml"
    config.write_text(json.dumps({"training": TRAINING}))
    run = tmp_path / "run"
    command("rs3l_train", "pretrain", "--data", here, "--config", config, "--out", run)
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["views_seen"] >= 400
    assert (run / "weights.safetensors").stat().st_size > 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("download", "abc", "--to", "x"), 2, "expected a record's number"),
        (("download", "1", "--to", "x", "--base-url", "zenodo"), 2, "expected an archive's addr"),
        (("publish", "none", "--to", "x", "--about", "none.yaml"), 2, "none.yaml: no such file"),
        (("publish", "d", "--to", "x", "--about", "y", "--shard-size", "big"), 2, "as 500MB"),
        (("publish", "d", "--to", "x", "--about", "y", "--release"), 2, "goes with --upload"),
    ],
)
def test_wrong_usage(tmp_path, arguments, code, words):
    line = [sys.executable, "-m", "rs3l_data", *arguments]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr
