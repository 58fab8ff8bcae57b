"""One dataset of several: what belongs together though its parts say it in different ways."""

import json

import h5py
import pytest

import rs3l_data
from rs3l_data.errors import InputFileError
from rs3l_data.integrity.validate import validate
from rs3l_data.reshape.manifest import _generation
from rs3l_data.reshape.merge import merge
from rs3l_data.reshape.select import Choice, select
from rs3l_data.reshape.split import split
from rs3l_data.store.checksums import checksum
from rs3l_data.store.digest import digest
from tests.data.reshape.conftest import manifest_of, refused
from tests.synthetic import make_dataset, make_older, refresh


def test_views_in_another_order_are_put_into_that_of_the_first(tmp_path):
    orders = {"higgs": ("nominal", "seed"), "qcd": ("seed", "nominal")}
    parts = [
        make_dataset(tmp_path / name, n_events=5, n_shards=1, views=views, processes=(name,))
        for name, views in orders.items()
    ]
    merge(parts, tmp_path / "both")
    both = rs3l_data.open(tmp_path / "both")
    assert validate(tmp_path / "both").valid
    assert [shard.views for shard in both.shards] == [("nominal", "seed")] * 2
    merge(parts[::-1], tmp_path / "turned")
    assert digest(rs3l_data.open(tmp_path / "turned")) == digest(both)


def test_a_process_without_rows_may_have_other_settings(tmp_path):
    """Nothing here was made with them."""

    def made(name, processes, said):
        config = {
            "processes": {
                one: {"events": 5, "label": one, "settings": [said if one == "qcd" else "same"]}
                for one in ("higgs", "qcd")
            }
        }
        return make_dataset(
            tmp_path / name, n_events=5, n_shards=1, processes=processes, config=config
        )

    both = made("old", ("higgs", "qcd"), "old")
    select(both, Choice(where_initiator="pdg_id == 25"), tmp_path / "higgs")
    assert rs3l_data.open(tmp_path / "higgs").manifest["processes"]["qcd"]["n_rows"] == 0
    merge([tmp_path / "higgs", made("new", ("qcd",), "new")], tmp_path / "merged")
    merged = rs3l_data.open(tmp_path / "merged")
    assert merged.config["processes"]["qcd"]["settings"] == ["new"]
    assert validate(tmp_path / "merged").valid


def test_a_process_of_which_both_have_rows_is_described_by_the_first(tmp_path):
    parts = []
    for said, events in (("first", "event < 2"), ("second", "event >= 2")):
        config = {"processes": {"qcd": {"events": 5, "label": "qcd", "description": said}}}
        whole = make_dataset(
            tmp_path / said, n_events=5, n_shards=1, processes=("qcd",), config=config
        )
        parts.append(tmp_path / f"{said}-part")
        select(whole, Choice(where_initiator=events), parts[-1])
    merge(parts, tmp_path / "both")
    described = rs3l_data.open(tmp_path / "both").config["processes"]["qcd"]
    assert described["description"] == "first"


def test_other_format_versions_are_refused(tmp_path):
    """Their rows have other columns."""
    parts = [
        make_dataset(tmp_path / name, n_events=5, n_shards=1, processes=(name,))
        for name in ("higgs", "qcd")
    ]
    for path in parts[1].glob("*.h5"):
        make_older(path, "1.0")
    refresh(parts[1])
    with pytest.raises(InputFileError, match=r"qcd: format version 1\.0, but .*higgs has 1\.\d"):
        merge(parts, tmp_path / "both")


def test_numbered_parts_name_all_processes_and_none_is_called_empty(whole, tmp_path, caplog):
    """Whichever rows fall to a part, what a number means is the same in all."""
    select(whole, Choice(where_initiator="pdg_id == 25 or event == 0"), tmp_path / "few")
    for folder in split(tmp_path / "few", "3", tmp_path / "parts"):
        part = rs3l_data.open(folder)
        assert (part.processes, part.labels) == (("higgs", "qcd"), ("higgs", "qcd"))
    select(whole, Choice(where_initiator="pdg_id == 25"), tmp_path / "higgs")
    assert "no jet is left" not in caplog.text


def test_merge_of_two_generations_takes_the_longer_one(whole, tmp_path):
    """Of the same seed, it begins with the events of the other. Other processes come along."""
    later = make_dataset(tmp_path / "later", n_events=20, n_shards=1)
    manifest = manifest_of(later)
    with h5py.File(later / "shard-0000.h5", "a") as file:
        file["initiators/event"][...] += 20
        config = json.loads(file.attrs["config"])
        del config["split"]
        file.attrs["config"] = json.dumps(config)
    manifest["config"] = config
    for name in ("bytes", "sha256", "md5"):
        path = later / "shard-0000.h5"
        found = path.stat().st_size if name == "bytes" else checksum(path, name)
        manifest["files"][0][name] = found
    longer = {"cross_section_pb": 4000.0, "n_tried": 120, "sum_of_weights": 40.0}
    manifest["processes"]["qcd"] |= longer
    (later / "dataset.json").write_text(json.dumps(manifest))
    with pytest.raises(InputFileError, match=r"other settings than .*: split differ"):
        merge([whole, later], tmp_path / "both")
    with h5py.File(later / "shard-0000.h5", "a") as file:
        config["split"] = rs3l_data.open(whole).config["split"]
        file.attrs["config"] = json.dumps(config)
    manifest["files"][0] |= {
        "bytes": path.stat().st_size,
        "sha256": checksum(path, "sha256"),
        "md5": checksum(path, "md5"),
    }
    (later / "dataset.json").write_text(json.dumps(manifest))
    merge([whole, later], tmp_path / "both")
    qcd = manifest_of(tmp_path / "both")["processes"]["qcd"]
    assert qcd.items() >= longer.items()
    assert (qcd["n_events"], "parts" in qcd) == (40, False)
    # Parts of it come together without counting any twice.
    merge(split(tmp_path / "both", "2", tmp_path / "parts"), tmp_path / "again")
    assert manifest_of(tmp_path / "again")["processes"]["qcd"] == qcd


def test_shorter_generations_count_beside_parts_of_the_longest():
    """Each once, however many of their parts there are."""

    def made(n_tried, total, parts=None):
        estimates = {"cross_section_pb": 1.0, "cross_section_error_pb": 0.1, "n_accepted": 1}
        entry = {**estimates, "n_tried": n_tried, "sum_of_weights": total}
        return entry if parts is None else {**entry, "parts": parts}

    part = made(100, 7.0, {"a": 3.0, "b": 4.0})
    found = _generation([part, made(20, 5.0), made(20, 5.0), made(10, 2.0)])
    assert (found["n_tried"], found["sum_of_weights"], len(found["parts"])) == (100, 14.0, 4)
    again = _generation([found, made(20, 5.0), made(100, 4.0, {"b": 4.0})])
    assert (again["sum_of_weights"], len(again["parts"])) == (14.0, 4)
    assert _generation([found, made(100, 50.0)]) == made(100, 50.0)
    others = _generation([made(100, 3.0, {"a": 3.0}), made(100, 4.0, {"b": 4.0})])
    assert (others["sum_of_weights"], others["parts"]) == (7.0, {"a": 3.0, "b": 4.0})


def test_what_does_not_belong_together(whole, tmp_path):
    to = tmp_path / "new"
    with refused("has event 0 of the process 'higgs'.*each event may be there once"):
        merge([whole, whole], to)
    other = make_dataset(tmp_path / "seed", n_events=5, n_shards=1, seed=1)
    with refused("other settings than .*: seed differ"):
        merge([whole, other], to)
    views = make_dataset(tmp_path / "views", n_events=5, n_shards=1, views=("nominal",))
    with refused("has the views nominal, but .* has nominal, seed"):
        merge([whole, views], to)
    assert not to.exists()
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".part")]


def test_more_names_than_the_columns_can_number_are_told(tmp_path):
    names = [f"p{i}" for i in range(257)]
    parts = [
        make_dataset(tmp_path / name, n_events=1, n_shards=1, processes=some)
        for name, some in (("few", names[:129]), ("many", names[129:]))
    ]
    with refused("have 257 processes together, and one may have at most 256: merge fewer"):
        merge(parts, tmp_path / "new")


def test_a_process_is_described_by_the_source_of_its_rows(tmp_path):
    def made(name, process, **described):
        config = {
            "processes": {
                n: {"events": 5, "label": n, "description": said, "settings": [said]}
                for n, said in described.items()
            }
        }
        return make_dataset(
            tmp_path / name, n_events=5, n_shards=1, processes=(process,), config=config
        )

    higgs = made("first", "higgs", higgs="Hbb", qcd="old")
    qcd = made("second", "qcd", qcd="light", higgs="old")
    merge([higgs, qcd], tmp_path / "both")
    described = manifest_of(tmp_path / "both")["config"]["processes"]
    assert {name: of["description"] for name, of in described.items()} == {
        "higgs": "Hbb",
        "qcd": "light",
    }
    assert validate(tmp_path / "both").valid
    other = made("third", "qcd", qcd="other")
    with refused("third: made with other settings than .*: processes.qcd.settings differ"):
        merge([higgs, qcd, other], tmp_path / "all")


def test_merge_warns_of_sources_that_other_versions_made(tmp_path, caplog):
    """A tune of the catalogue keeps its name where its settings are mended."""
    first, second = (
        make_dataset(tmp_path / name, n_events=5, n_shards=1, processes=(name,))
        for name in ("higgs", "qcd")
    )
    merge([first, second], tmp_path / "same")
    assert not caplog.records
    path = second / "shard-0000.h5"
    with h5py.File(path, "a") as file:
        made = json.loads(file.attrs["software"])
        file.attrs["software"] = json.dumps({**made, "rs3l_source": "other"})
    manifest = manifest_of(second)
    manifest["files"][0] |= {"bytes": path.stat().st_size, "sha256": checksum(path, "sha256")}
    manifest["files"][0] |= {"md5": checksum(path, "md5")}
    (second / "dataset.json").write_text(json.dumps(manifest))
    merge([first, second], tmp_path / "both")
    (warning,) = caplog.records
    assert "1 of 2 shards were made with rs3l_source other, not unknown" in warning.getMessage()
    caplog.clear()
    merge([second, first], tmp_path / "turned")
    (warning,) = caplog.records
    assert "1 of 2 shards were made with rs3l_source unknown, not other" in warning.getMessage()


def test_a_merged_dataset_names_the_versions_of_its_first_source(tmp_path):
    parts = []
    for name, versions in (("higgs", {"pythia": "1"}), ("qcd", {"pythia": "2", "numpy": "3"})):
        folder = make_dataset(tmp_path / name, n_events=5, n_shards=1, processes=(name,))
        manifest = {**manifest_of(folder), "software": versions}
        (folder / "dataset.json").write_text(json.dumps(manifest))
        parts.append(folder)
    merge(parts, tmp_path / "both")
    software = manifest_of(tmp_path / "both")["software"]
    assert (software["pythia"], software["numpy"]) == ("1", "3")
