"""A dataset whose config has changed since its first files were made."""

from pathlib import Path

import numpy as np
import pytest
import yaml

import rs3l_data
from rs3l_data.chain import hard_chunk, initiator_table
from rs3l_data.commands.manifest import manifest
from rs3l_data.describe.cards import CARDS
from rs3l_data.describe.chunks import settled
from rs3l_data.describe.compatible import differences
from rs3l_data.describe.config import Config
from rs3l_data.describe.names import names_of
from rs3l_data.describe.strict import validate
from rs3l_data.errors import ConfigError, InputFileError
from rs3l_data.jobs.inputs import check_origin, open_views_of, read_hard_of
from rs3l_data.jobs.provenance import attributes
from rs3l_data.store.hard import write_hard_events
from rs3l_data.store.shard import write_shard
from rs3l_data.store.view_file import EventRange, write_view_file
from tests.data.store.random_tables import random_view

BASE = {
    "name": "small",
    "seed": 3,
    "processes": {"qcd": {"events": 2}, "hbb": {"events": 2}},
    "views": {"nominal": {}, "up": {"variation": "fsr_up"}},
    "hard": {"chunk_events": 2},
}


def config_with(**blocks):
    return settled(validate(Config, {**BASE, **blocks}, "test"), {})


def stored(**blocks):
    """Give a config as files carry it."""
    return attributes(config_with(**blocks))["config"]


VIEWS = BASE["views"]
PROCESSES = BASE["processes"]


@pytest.mark.parametrize(
    "blocks",
    [
        {"name": "other"},
        {"views": {**VIEWS, "seed": {}}},
        {"views": {"nominal": {}, "up": {"variation": "fsr_down"}}},
        {"processes": {**PROCESSES, "top": {"events": 1}}},
        {"processes": {"qcd": {"events": 7}, "hbb": {"events": 2}}},
        {"split": {"train": 0.6, "validation": 0.2, "test": 0.2}},
        {"training": {"seed": 9}},
    ],
)
def test_what_does_not_concern_a_file_is_no_hindrance(blocks):
    path = Path("nominal.h5")
    check_origin(config_with(**blocks), stored(), path, "resimulate", "qcd", "nominal")


@pytest.mark.parametrize(
    ("blocks", "key"),
    [
        ({"jets": {"radius": 1.0}}, "jets.radius"),
        ({"views": {"nominal": {"variation": "a14"}}}, "views.nominal.variation"),
        ({"views": {**VIEWS, "re": {"redo": "detector", "of": "nominal"}}}, "views.re"),
        ({"detector": {"overrides": {"ecal_scale": 1.02}}}, "detector.overrides.ecal_scale"),
        ({"seed": 4}, "seed"),
    ],
)
def test_a_file_of_other_settings_is_refused_naming_them(blocks, key):
    path = Path("nominal.h5")
    with pytest.raises(InputFileError, match=rf"^nominal\.h5: .*differs in .*{key}.*run again"):
        check_origin(config_with(**blocks), stored(), path, "resimulate", "qcd", "nominal")


def test_a_file_made_with_another_content_of_the_card_is_refused(tmp_path):
    own = yaml.safe_load((CARDS / "cms.yaml").read_text())
    path = tmp_path / "card.yaml"

    def config_of(scale):
        path.write_text(yaml.safe_dump({**own, "ecal_scale": scale}))
        return config_with(detector={"card": str(path)})

    made_with = attributes(config_of(1.02))["config"]
    # What lies in files has the numbers, and no name of a file that others do not have.
    assert made_with["detector"] == {"card": "cms", "overrides": {"ecal_scale": 1.02}}
    job = ("resimulate", "qcd", "nominal")
    check_origin(config_of(1.02), made_with, Path("a.h5"), *job)
    with pytest.raises(InputFileError, match=r"differs in detector\.overrides\.ecal_scale"):
        check_origin(config_of(1.03), made_with, Path("a.h5"), *job)
    other = attributes(config_of(1.03))["config"]
    assert differences(made_with, other) == ["detector.overrides.ecal_scale"]


def test_a_key_that_there_was_not_yet_meant_its_default():
    now = stored()
    before = {**now, "jets": {k: v for k, v in now["jets"].items() if k != "algorithm"}}
    assert differences(before, now) == differences(now, before) == []
    other = {**now, "jets": {**now["jets"], "algorithm": "kt"}}
    assert differences(before, other) == ["jets.algorithm"]


@pytest.mark.parametrize(
    "blocks",
    [
        {"processes": {**PROCESSES, "qcd": {"events": 2, "description": "jets"}}},
        {"processes": {**PROCESSES, "qcd": {"events": 2, "flatten_power": 2}}},
        {"pileup": {"sample_events": 77, "mitigation": "none"}},
        {"detector": {"overrides": {"ecal_scale": 1.0}}},
        {"views": {**VIEWS, "nominal": {"pileup": {"mean": 0}}}},
    ],
)
def test_what_no_job_notices_does_not_part_datasets(blocks):
    """The cards have an ecal_scale of 1, nothing is flattened, there is no pile-up."""
    assert differences(stored(), stored(**blocks)) == []
    assert differences(stored(), stored(**blocks, seed=4)) != []
    split = {"train": 0.6, "validation": 0.2, "test": 0.2}
    assert differences(stored(), stored(**blocks, split=split)) == [
        f"split.{part}" for part in ("train", "test") if split[part] != stored()["split"][part]
    ] + (["split.validation"] if stored()["split"]["validation"] != 0.2 else [])
    processes = {"qcd": {**blocks.get("processes", PROCESSES)["qcd"], "label": "jet"}}
    assert differences(stored(), stored(**{**blocks, "processes": processes})) == [
        "processes.qcd.label"
    ]


@pytest.mark.parametrize(
    ("blocks", "key"),
    [
        ({"jets": {"radius": 0.4}}, "jets.radius"),
        ({"hard": {"chunk_events": 2, "pt": [600, 1000]}}, "hard.pt"),
        ({"seed": 4}, "seed"),
        ({"hard": {"chunk_events": 3}}, None),
        # Without pile-up it changes no job.
        ({"pileup": {"sample_events": 77}}, None),
    ],
)
def test_runs_without_a_common_process_must_be_made_alike(blocks, key):
    """Nothing that both made says so: their jets' radius, cuts and seed have to."""
    one, other = stored(), stored(processes={"zqq": {"events": 2}}, **blocks)
    for processes in (set(), None):
        assert differences(one, other, processes) == ([key] if key else [])


def test_hard_events_of_other_weights_are_refused(tmp_path):
    def flattened(power):
        qcd = {"events": 2, "flatten_power": power}
        return config_with(processes={"qcd": qcd}, hard={"chunk_events": 2, "flatten_pt": True})

    write_chunk(tmp_path, flattened(6), "qcd")
    path = tmp_path / "hard/qcd/0000.h5"
    assert len(read_hard_of(flattened(6), path)[0]) == 2
    with pytest.raises(InputFileError, match=r"differs in processes\.qcd\.flatten_power"):
        read_hard_of(flattened(2), path)


@pytest.mark.parametrize(
    ("events", "size", "message"),
    [
        (3, 2, "holds the 2 events of 'qcd' from number 2 on, expected a chunk of 2 of 3"),
        (2, 2, "from number 2 on, expected a chunk of 2 of 2"),
        (4, 4, "from number 2 on, expected a chunk of 4 of 4"),
        (4, 1, "from number 2 on, expected a chunk of 1 of 4"),
    ],
)
def test_hard_events_that_are_no_chunk_of_the_config_are_refused(tmp_path, events, size, message):
    """Its views and shards would not fit together."""

    def chunked(events, size):
        return config_with(processes={"qcd": {"events": events, "chunk_events": size}})

    path = tmp_path / "0001.h5"
    hard, run = hard_chunk(chunked(4, 2), "qcd", 1, lambda _: None)
    write_hard_events(path, hard, run, attributes(chunked(4, 2)))
    for total in (4, 9):
        assert read_hard_of(chunked(total, 2), path)[0].events["event"].tolist() == [2, 3]
    with pytest.raises(InputFileError, match=message):
        read_hard_of(chunked(events, size), path)


def test_hard_events_of_a_process_that_the_config_has_not_are_refused(tmp_path):
    write_chunk(tmp_path, config_with(processes={"qcd": {"events": 2}}), "qcd")
    with pytest.raises(ConfigError, match=r"processes\.qcd: not in the config"):
        read_hard_of(config_with(processes={"hbb": {"events": 2}}), tmp_path / "hard/qcd/0000.h5")


def test_a_file_whose_config_cannot_be_read_is_refused():
    with pytest.raises(InputFileError, match=r"a\.h5: attribute config: .*run again"):
        check_origin(config_with(), {"seed": 1}, Path("a.h5"), "pack", "qcd")


def test_names_of_a_shard_mean_the_same_in_all_of_a_run():
    config = config_with(processes={**PROCESSES, "top": {"events": 1}})
    last = names_of(config, "top")
    assert last == {"process_names": [*config.processes], "label_names": [*config.labels]}
    for process in config.processes:
        own = names_of(config, process)
        assert own["process_names"][-1] == process
        for key, names in own.items():
            assert names == last[key][: len(names)]
        before = config_with(processes={k: config.processes[k] for k in own["process_names"]})
        assert names_of(before, process) == own


def write_chunk(folder, config, process, **changes):
    """Write the hard events of a chunk and a shard of theirs, its jets of random numbers."""
    hard, run = hard_chunk(config, process, 0, lambda _: None)
    own = {**attributes(config), **changes}
    write_hard_events(folder / f"hard/{process}/0000.h5", hard, run, own)
    initiators = initiator_table(config, process, hard)
    rng = np.random.default_rng(1)
    views = {name: random_view(rng, [2] * len(initiators)) for name in config.views}
    path = folder / f"dataset/{process}-0000.h5"
    write_shard(path, initiators, views, {**own, **names_of(config, process)})


@pytest.mark.parametrize(
    ("views", "message"),
    [
        ({"nominal": {}}, "holds the view 'up', which the config has not.*delete the file"),
        (
            {"nominal": {}, "new": {}, "up": {"redo": "detector", "of": "new"}},
            r"which has no views\.new; delete the file",
        ),
    ],
)
def test_a_view_of_an_earlier_run_is_refused_naming_its_file(tmp_path, views, message):
    """A folder has views that the config has no more; the page on datasets packs all there are."""
    before, now = config_with(), config_with(views=views)
    hard, _ = hard_chunk(now, "qcd", 0, lambda _: None)
    initiators = initiator_table(now, "qcd", hard)
    keys = {name: initiators.columns[name] for name in ("event", "initiator")}
    path = tmp_path / "up.h5"
    block = {"up": random_view(np.random.default_rng(1), [2] * len(initiators))}
    write_view_file(path, EventRange("qcd", 0, 1), keys, ["up"], [block], attributes(before))
    with pytest.raises(InputFileError, match=rf"up\.h5: .*{message}"):
        open_views_of(now, "qcd", initiators, [path])


def test_views_are_found_in_any_order_and_refused_if_they_are_not_those_of_the_hard_file(tmp_path):
    config = config_with()
    hard, _ = hard_chunk(config, "qcd", 0, lambda _: None)
    initiators = initiator_table(config, "qcd", hard)

    def written(name, view, process="qcd", first=0):
        keys = {
            "event": initiators.columns["event"] + first,
            "initiator": initiators.columns["initiator"],
        }
        block = {view: random_view(np.random.default_rng(1), [2] * len(initiators))}
        path, events = tmp_path / name, EventRange(process, first, first + 1)
        write_view_file(path, events, keys, [view], [block], attributes(config))
        return path

    nominal, up = written("nominal.h5", "nominal"), written("up.h5", "up")
    found = open_views_of(config, "qcd", initiators, [up, nominal])
    assert [*found] == ["nominal", "up"]
    assert found["up"].names == ("up",)
    with pytest.raises(InputFileError, match="no file for the views up: give one for each"):
        open_views_of(config, "qcd", initiators, [nominal])
    for other, message in [
        (written("copy.h5", "nominal"), "nominal of qcd, events 0 to 1, .* or were given twice"),
        (written("late.h5", "up", first=2), "up of qcd, events 2 to 3, which are not those of"),
        (written("hbb.h5", "up", "hbb"), "up of hbb, events 0 to 1, which are not those of"),
    ]:
        with pytest.raises(InputFileError, match=rf"{other.name}: holds the views {message}"):
            open_views_of(config, "qcd", initiators, [nominal, other])


def write_manifest(folder, config):
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False))
    manifest(path, folder / "dataset", folder / "hard")
    return rs3l_data.open(folder / "dataset")


def test_a_manifest_describes_the_run_as_it_is_now(tmp_path):
    write_chunk(tmp_path, config_with(processes={"qcd": {"events": 2}}), "qcd")
    now = config_with()
    write_chunk(tmp_path, now, "hbb")
    dataset = write_manifest(tmp_path, now)
    assert [*dataset.shards[0].attributes["config"]["processes"]] == ["qcd"]
    assert dataset.config == attributes(now)["config"]
    assert dataset.processes == ("qcd", "hbb")
    assert dataset.labels == now.labels
    assert dataset.select(processes="hbb").n_events == 2
    names = np.array(dataset.labels)[dataset.initiators["label"]]
    assert set(names[dataset.initiators["process"] == 1]) == {"Hbb"}


def test_a_manifest_refuses_a_shard_of_another_chunk(tmp_path):
    """Such as a copy under the next one's name: all that each says of itself is right."""
    config = config_with(processes={"qcd": {"events": 4}})
    write_chunk(tmp_path, config, "qcd")
    for name in ("hard/qcd/0001.h5", "dataset/qcd-0001.h5"):
        first = tmp_path / name.replace("0001", "0000")
        (tmp_path / name).write_bytes(first.read_bytes())
    with pytest.raises(InputFileError, match=r"qcd-0001\.h5: has events 0 to 1, .* chunk 0001, 2"):
        write_manifest(tmp_path, config)


def test_a_manifest_refuses_a_shard_of_other_settings(tmp_path):
    write_chunk(tmp_path, config_with(), "qcd")
    write_chunk(tmp_path, config_with(store={"compression": "gzip"}), "hbb")
    with pytest.raises(InputFileError, match=r"hbb-0000\.h5: made with another config"):
        write_manifest(tmp_path, config_with())
    assert not (tmp_path / "dataset/dataset.json").exists()


@pytest.mark.parametrize(
    ("before", "message"),
    [
        ({"hard": {"chunk_events": 2, "pt": [500, 1000]}}, r"differs in hard\.pt"),
        ({"processes": {"qcd": {"events": 1}}}, "holds the 1 events of 'qcd' from number 0"),
    ],
)
def test_a_manifest_refuses_the_cross_section_of_other_hard_events(tmp_path, before, message):
    now = config_with(processes={"qcd": {"events": 2}})
    write_chunk(tmp_path, now, "qcd")
    shard = (tmp_path / "dataset/qcd-0000.h5").read_bytes()
    write_chunk(tmp_path, config_with(**{"processes": {"qcd": {"events": 2}}, **before}), "qcd")
    (tmp_path / "dataset/qcd-0000.h5").write_bytes(shard)
    with pytest.raises(InputFileError, match=rf"hard/qcd/0000\.h5: .*{message}.*run again"):
        write_manifest(tmp_path, now)


def test_a_manifest_refuses_a_shard_of_a_chunk_that_was_not_full(tmp_path):
    """Without Snakemake's records more events make new chunks alone."""
    before = config_with(processes={"qcd": {"events": 1}})
    write_chunk(tmp_path, before, "qcd")
    message = r"qcd-0000\.h5: made when this chunk of 'qcd' had 1 events .* expected 2 .*run again"
    with pytest.raises(InputFileError, match=message):
        write_manifest(tmp_path, config_with(processes={"qcd": {"events": 2}}))


def test_a_manifest_refuses_a_shard_whose_views_were_made_otherwise(tmp_path):
    """Its rows and names are the same: what a view is, is told by its settings alone."""
    write_chunk(tmp_path, config_with(processes={"qcd": {"events": 2}}), "qcd")
    other = {"nominal": {}, "up": {"variation": "fsr_down"}}
    with pytest.raises(InputFileError, match=r"qcd-0000\.h5: .*views\.up\.variation.*run again"):
        write_manifest(tmp_path, config_with(processes={"qcd": {"events": 2}}, views=other))


def test_a_manifest_names_the_shard_that_lacks_a_view(tmp_path):
    now = config_with(views={**VIEWS, "seed": {}})
    write_chunk(tmp_path, now, "qcd")
    write_chunk(tmp_path, config_with(), "hbb")
    with pytest.raises(InputFileError, match=r"hbb-0000\.h5: .*views\.seed.*run again"):
        write_manifest(tmp_path, now)


def test_a_manifest_refuses_a_copy_of_a_process_that_its_config_did_not_have(tmp_path):
    write_chunk(tmp_path, config_with(processes={"qcd": {"events": 2}}), "qcd")
    (tmp_path / "dataset/qcd-0000.h5").rename(tmp_path / "dataset/hbb-0000.h5")
    with pytest.raises(InputFileError, match=r"hbb-0000\.h5: .*has no processes\.hbb.*run again"):
        write_manifest(tmp_path, config_with(processes={"hbb": {"events": 2}}))


def test_a_manifest_warns_of_shards_that_another_version_made(tmp_path, caplog):
    config = config_with()
    software = {**attributes(config)["software"], "pythia8mc": "8.310"}
    write_chunk(tmp_path, config, "qcd")
    write_chunk(tmp_path, config, "hbb", software=software)
    write_manifest(tmp_path, config)
    (warning,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "1 of 2 shards were made with pythia8mc 8.310" in warning.getMessage()
