"""Whole datasets: the files against the manifest, the manifest against the content."""

import json
import shutil
import subprocess
import sys

import h5py
import numpy as np
import pytest

from rs3l_data.errors import InputFileError
from rs3l_data.integrity.validate import validate
from tests.data.integrity.conftest import change, change_config
from tests.synthetic import refresh


def rewrite(folder, **entries):
    path = folder / "dataset.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **entries}))


def test_a_sound_dataset(sound):
    assert validate(sound).valid
    assert validate(sound / "dataset.json").valid


def test_any_flipped_byte_is_detected(sound, tmp_path):
    folder = shutil.copytree(sound, tmp_path / "ds")
    path = folder / "shard-0001.h5"
    content = path.read_bytes()
    rng = np.random.default_rng(1)
    for position in rng.integers(0, len(content), 25):
        flipped = bytearray(content)
        flipped[position] ^= 1 << rng.integers(8)
        path.write_bytes(flipped)
        findings = validate(folder)
        assert [v.kind for v in findings.violations] == ["file", "file"], position
        assert {v.file for v in findings.violations} == {str(path)}
        assert "the file is damaged" in findings.unchecked[-2]


def test_missing_and_truncated_files(copy):
    path = copy / "shard-0000.h5"
    path.write_bytes(path.read_bytes()[:-1])
    (copy / "shard-0001.h5").unlink()
    assert validate(copy).counts == {"file": 2}


@pytest.mark.parametrize(
    ("change_of", "dataset"),
    [
        (lambda m: {"n_rows": 31}, "n_rows"),
        (
            lambda m: {"splits": {**m["splits"], "test": {"n_rows": 0, "n_events": 0}}},
            "splits.test.n_rows",
        ),
        (lambda m: {"files": [{**f, "n_rows": 1} for f in m["files"]]}, "files.0.n_rows"),
        (
            lambda m: {"labels": {**m["labels"], "top": {"n_rows": 0, "present": {}}}},
            "labels.top",
        ),
        (
            lambda m: {"processes": {**m["processes"], "qcd": {"n_rows": 20, "n_events": 9}}},
            "processes.qcd.n_events",
        ),
    ],
)
def test_totals(copy, change_of, dataset):
    rewrite(copy, **change_of(json.loads((copy / "dataset.json").read_text())))
    findings = validate(copy)
    assert {*findings.counts} == {"totals"}
    assert dataset in [v.dataset for v in findings.violations]


def test_present_jets_are_counted(copy):
    manifest = json.loads((copy / "dataset.json").read_text())
    manifest["labels"]["qcd"]["present"]["seed"] += 1
    rewrite(copy, labels=manifest["labels"])
    assert [v.dataset for v in validate(copy).violations] == ["labels.qcd.present.seed"]


def test_a_digest_of_other_content(copy):
    rewrite(copy, digest="0" * 64)
    assert validate(copy).counts == {"digest": 1}
    assert validate(copy, with_digest=False).valid


def test_a_manifest_of_an_older_version_is_no_damage(copy):
    """Its digest was another function of the content, and its shards had no sums."""
    for path in copy.glob("*.h5"):
        with h5py.File(path, "a") as file:
            for view in file["views"].values():
                del view.attrs["row_sum"]
    refresh(copy)
    assert validate(copy).valid, "the sums are made from the content then"
    manifest = json.loads((copy / "dataset.json").read_text())
    del manifest["digest_algorithm"]
    (copy / "dataset.json").write_text(json.dumps({**manifest, "digest": "0" * 64}))
    findings = validate(copy)
    assert findings.valid
    assert any("digest of" in what and "another version" in what for what in findings.unchecked)
    assert not any("another version" in w for w in validate(copy, with_digest=False).unchecked)


def test_content_and_sums_changed_together_are_not_what_the_manifest_says(copy):
    path = copy / "shard-0001.h5"
    change(path, "views/seed/jets/tau1", lambda v: v.__imul__(2))
    with h5py.File(path, "a") as file:
        del file["views/seed"].attrs["row_sum"]
    refresh(copy)
    findings = validate(copy)
    assert [(v.kind, v.dataset) for v in findings.violations] == [("digest", "digest")]


def test_content_is_checked_behind_a_manifest_that_agrees_with_the_bytes(copy):
    change(copy / "shard-0001.h5", "views/seed/jets/n_constituents", lambda v: v.__iadd__(1))
    refresh(copy)
    assert "counts" in validate(copy).counts


def test_shards_of_another_simulation(copy):
    change_config(copy / "shard-0001.h5", seed=9)
    refresh(copy)
    findings = validate(copy)
    assert "attribute config: seed" in [v.dataset for v in findings.violations]


def test_what_a_shard_says_of_processes_that_it_has_no_rows_of(copy):
    """As when the settings of another process changed after it was packed."""
    path = copy / "dataset.json"
    manifest = json.loads(path.read_text())
    processes = manifest["config"]["processes"]
    shard = copy / "shard-0001.h5"
    change_config(shard, processes=processes | {"other": {"label": "before"}})
    with h5py.File(shard, "a") as file:
        names = json.loads(file.attrs["process_names"])
        file.attrs["process_names"] = json.dumps([*names, "other"])
    manifest["files"][1]["n_events"]["other"] = 0
    processes["other"] = {"label": "after"}
    path.write_text(json.dumps(manifest))
    refresh(copy)
    assert validate(copy).valid


def test_an_event_in_two_shards(copy):
    """The shards overlap in the process qcd where the first one gets an event of the second."""
    with h5py.File(copy / "shard-0001.h5") as file:
        event = int(file["initiators/event"][-1])
    change(copy / "shard-0000.h5", "initiators/event", lambda v: v.__setitem__([-2, -1], event))
    refresh(copy)
    spread = [v for v in validate(copy).violations if v.kind == "events"]
    assert len(spread) == 1
    assert f"event {event} of qcd" in spread[0].found


@pytest.mark.parametrize("text", ["", "pt,eta\n", '{"format": "other"}'])
def test_what_is_no_dataset(tmp_path, text):
    (tmp_path / "dataset.json").write_text(text)
    (tmp_path / "shard.h5").write_text(text)
    for path in (tmp_path, tmp_path / "shard.h5", tmp_path / "nowhere"):
        with pytest.raises(InputFileError):
            validate(path)


def run(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "rs3l_data", "validate", *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout, done.stderr


def test_exit_codes_and_output(copy, tmp_path):
    code, out, err = run(copy)
    assert code == 0
    assert out.endswith(f"{copy}: valid\n")
    assert "validate: 2/2 shards" in err, "progress is told, but not among what was found"
    assert "2/2" not in out
    change(copy / "shard-0001.h5", "views/seed/jets/n_constituents", lambda v: v.__iadd__(1))
    code, out, _ = run(copy / "shard-0001.h5", "--json")
    said = json.loads(out)
    assert code == 1
    assert not said["valid"]
    assert said["violations"][0]["dataset"] == "/views/seed/jets/n_constituents"
    code, _, err = run(tmp_path / "nowhere")
    assert code == 2
    assert "no such file" in err
