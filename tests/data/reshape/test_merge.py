"""What belongs together though its parts say it in different ways."""

import pytest

import rs3l_data
from rs3l_data.errors import InputFileError
from rs3l_data.integrity.validate import validate
from rs3l_data.reshape.merge import merge
from rs3l_data.reshape.select import Choice, select
from rs3l_data.reshape.split import split
from rs3l_data.store.digest import digest
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
