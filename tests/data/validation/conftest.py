"""A small finished run with its one-pass events, made by the commands themselves."""

import pytest
import yaml
from typer.testing import CliRunner

from rs3l_data.__main__ import app
from rs3l_data.describe.references import onepass_chunks, references
from rs3l_data.describe.resolved import Resolved
from rs3l_data.store.config_file import save
from tests.data.conftest import make_config

N_EVENTS = 24


def command(*arguments):
    result = CliRunner().invoke(app, [*map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def make_run(folder, config):
    """Make the dataset of a config, and the one-pass events that `snakemake validation` makes."""
    path = folder / "config.yaml"
    save(config, path)
    for process, chunk in Resolved(config).chunks:
        hard = folder / f"hard/{process}/{chunk}.h5"
        assert command("hard", path, process, chunk, "-o", hard).exit_code == 0
        views = [folder / f"views/{process}/{root}.h5" for root in Resolved(config).showers]
        for view in views:
            assert command("resimulate", path, hard, view.stem, "-o", view).exit_code == 0
        shard = folder / f"dataset/{process}-{chunk}.h5"
        assert command("pack", path, hard, *views, "-o", shard).exit_code == 0
    for process, chunk in onepass_chunks(config):
        for one in references(config):
            out = folder / f"onepass/{one.name}/{process}-{chunk}.h5"
            result = command("onepass", path, process, chunk, "--view", one.name, "-o", out)
            assert result.exit_code == 0, result.output
    assert command("manifest", path, folder / "dataset", folder / "hard").exit_code == 0


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("validation") / "small"
    config = make_config(
        events=N_EVENTS,
        seed=3,
        processes={"qcd": {"events": N_EVENTS}, "hbb": {"events": N_EVENTS}},
        views={
            "nominal": {},
            "fsr_down": {"variation": "fsr_down"},
            "rehadronized": {"redo": "hadronization", "of": "nominal"},
            "scaled": {"redo": "detector", "of": "nominal", "detector": {"ecal_scale": 1.1}},
        },
        validation={"events": N_EVENTS},
    )
    make_run(folder, config)
    path = folder / "config.yaml"
    assert yaml.safe_load(path.read_text())["validation"]["events"] == N_EVENTS
    return folder
