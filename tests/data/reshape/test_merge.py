"""What belongs together though its parts say it in different ways."""

import rs3l_data
from rs3l_data.integrity.validate import validate
from rs3l_data.reshape.merge import merge
from rs3l_data.reshape.select import Choice, select
from rs3l_data.store.digest import digest
from tests.synthetic import make_dataset


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
