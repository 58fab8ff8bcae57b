"""What goes, and what is kept, before the first job of a run."""

from types import SimpleNamespace

import pytest

from rs3l_data.outdated import remove_outdated

ENDS = [
    "report.html",
    "training/study/metrics.json",
    "validation.html",
    "validation.json",
    "dataset/dataset.json",
    "dataset/hbb-0001.h5",
    "dataset/hbb-0000.h5",
]
NETWORK = ["training/pretrain/metrics.json", "training/pretrain/weights.safetensors"]


def job(rule):
    wildcards = SimpleNamespace(process="hbb", chunk="0001", view="up", sample="up")
    return SimpleNamespace(rule=SimpleNamespace(name=rule), wildcards=wildcards)


def results(folder):
    for name in (*ENDS, *NETWORK, "hard/hbb/0001.h5", "views/hbb/0001/up.h5"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


@pytest.mark.parametrize(
    ("rules", "gone"),
    [
        (["hard"], ENDS[:6]),
        (["resimulate"], ENDS[:6]),
        (["pack", "manifest"], ENDS[:6]),
        (["manifest"], ENDS[:5]),
        # Alone, as that of a damaged shard whose bytes the manifest knows.
        (["pack"], []),
        (["pretrain"], ENDS[:2]),
        (["study"], ENDS[:2]),
        (["onepass"], ENDS[2:4]),
        (["pileup"], []),
        (["report"], []),
        ([], []),
    ],
)
def test_what_follows_from_jobs_goes_the_last_first(tmp_path, rules, gone):
    folder = results(tmp_path)
    removed = remove_outdated(map(job, rules), folder)
    assert removed == [folder / name for name in gone]
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert {*ENDS} - {*gone} == {*ENDS} & there
    assert {"hard/hbb/0001.h5", "views/hbb/0001/up.h5", *NETWORK} <= there
    assert remove_outdated(map(job, rules), folder) == []


def test_a_finished_pretraining_is_kept_unless_a_part_of_it_was_deleted(tmp_path):
    folder = results(tmp_path)
    kept = [folder / "training/pretrain/before" / name.split("/")[-1] for name in NETWORK]
    remove_outdated([job("pretrain")], folder)
    assert [path.read_text() for path in kept] == NETWORK
    # A job that was killed: Snakemake had removed all of it.
    for name in NETWORK:
        (folder / name).unlink()
    remove_outdated([job("pretrain")], folder)
    assert [path.read_text() for path in kept] == NETWORK
    (folder / NETWORK[0]).write_text("a user has deleted the other")
    remove_outdated([job("pretrain")], folder)
    assert not kept[0].exists()
