"""What whole commands cost: taken apart into a start and what each row adds."""

from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

import rs3l_data
from rs3l_data.__main__ import app
from rs3l_data.describe.view import View
from rs3l_data.plan import commands
from rs3l_data.plan.commands import measure_commands
from rs3l_data.plan.spent import Spent
from tests.data.conftest import make_config

COMMANDS = ("hard", "resimulate", "pack", "manifest")
START_S = dict(zip(COMMANDS, (1.0, 4.0, 2.0, 0.5), strict=True))
EACH_MS = dict(zip(COMMANDS, (2.0, 9.0, 0.5, 0.25), strict=True))
BASE_MB = dict(zip(COMMANDS, (200.0, 400.0, 150.0, 90.0), strict=True))
EACH_KB = dict(zip(COMMANDS, (4.0, 6.0, 3.0, 0.0), strict=True))
IDLE_S = dict(zip(COMMANDS, (0.7, 0.5, 0.6, 0.9), strict=True))
ROWS = 2
"""Of each event"""


@pytest.fixture
def config():
    return make_config(processes={"qcd": {"events": 10}, "hbb": {"events": 10}})


def exactly(config, process, folder):
    """Commands that take what was agreed, to the last digit."""
    events = config.processes[process].events
    spent, wall_s = {}, {}
    for command in COMMANDS:
        n = events if command == "hard" else ROWS * events
        cpu_s = START_S[command] + n * EACH_MS[command] / 1e3
        spent[command] = Spent(0.0, cpu_s, BASE_MB[command] + n * EACH_KB[command] / 1e3)
        wall_s[command] = cpu_s + IDLE_S[command]
    return SimpleNamespace(
        **{"events": events, "rows": ROWS * events, "hard_bytes": 10_000 + 1500 * events},
        **{"wall_s": wall_s, "spent": spent},
    )


def test_starts_and_slopes_are_told_apart(config, monkeypatch, tmp_path):
    monkeypatch.setattr(commands, "_run", exactly)
    costs = measure_commands(config, "qcd", View(), 3000, tmp_path)
    assert costs.start_s == pytest.approx(START_S)
    assert costs.pack_ms == pytest.approx(EACH_MS["pack"])
    assert costs.manifest_ms == pytest.approx(EACH_MS["manifest"])
    assert costs.hard_kb == pytest.approx(1.5)
    # Of all commands the least: no other program was in its way.
    assert costs.idle_s == pytest.approx(0.5)
    found = {command: (one.base_mb, one.each_kb) for command, one in costs.memory.items()}
    expected = {command: (BASE_MB[command], EACH_KB[command]) for command in COMMANDS[:3]}
    assert [*found] == [*expected]
    for command, footprint in expected.items():
        assert found[command] == pytest.approx(footprint), command


def test_what_seems_to_cost_less_than_nothing_costs_nothing(config, monkeypatch, tmp_path):
    """A longer run by chance faster than a shorter one."""
    monkeypatch.setattr(commands, "_run", exactly)
    monkeypatch.setitem(EACH_MS, "pack", -0.1)
    monkeypatch.setitem(EACH_KB, "pack", -0.1)
    monkeypatch.setitem(IDLE_S, "pack", -0.1)
    costs = measure_commands(config, "qcd", View(), 3000, tmp_path)
    assert (costs.pack_ms, costs.memory["pack"].each_kb, costs.idle_s) == (0, 0, 0)
    assert costs.start_s["pack"] == pytest.approx(2.0, abs=0.2)
    monkeypatch.setitem(START_S, "resimulate", -0.1)
    monkeypatch.setitem(BASE_MB, "resimulate", -0.1)
    costs = measure_commands(config, "qcd", View(), 3000, tmp_path)
    assert (costs.start_s["resimulate"], costs.memory["resimulate"].base_mb) == (0, 0)


def test_the_longer_run_has_at_least_twice_the_events(config, monkeypatch, tmp_path):
    sizes = []

    def noted(one, process, folder):
        assert [*one.processes] == [process]
        sizes.append(one.processes[process].events)
        return exactly(one, process, folder)

    monkeypatch.setattr(commands, "_run", noted)
    for events in (3000, 10):
        measure_commands(config, "qcd", View(), events, tmp_path)
    assert sizes[1] == 3000
    assert sizes[0] == sizes[2] == sizes[3] / 2


def test_the_commands_make_a_dataset_of_the_one_view(monkeypatch, tmp_path):
    """Neither pile-up nor what is said of other views stands in the way."""
    config = make_config(
        processes={"hbb": {"events": 10}, "qcd": {"events": 10}},
        pileup={"mean": 40},
        validation={"views": ["nominal"]},
    )
    called, hard_bytes = [], []

    def in_this_process(command, log):
        result = CliRunner().invoke(app, [*map(str, command)])
        assert result.exit_code == 0, result.output
        called.append((command[0], log.name))
        return Spent(100.0, 100.0, 100.0)

    monkeypatch.setattr(commands, "spent_by", in_this_process)
    monkeypatch.setattr(commands, "_SMALL", 2)
    costs = measure_commands(config, "qcd", View(variation="fsr_up"), 4, tmp_path)
    assert costs.idle_s == 0, "less time by the clock than on the CPU"
    assert called == 2 * [(command, f"{command}.log") for command in COMMANDS]
    for size, events in (("small", 2), ("large", 4)):
        dataset = rs3l_data.open(tmp_path / size / "dataset")
        assert dataset.n_events == events
        assert dataset.processes == ("qcd",)
        assert len(dataset) > events
        assert dataset.views == ("root",)
        assert dataset.config["views"]["root"]["variation"] == "fsr_up"
        hard_bytes.append((tmp_path / size / "hard/qcd/0000.h5").stat().st_size)
    assert costs.hard_kb == (hard_bytes[1] - hard_bytes[0]) / 1e3 / 2
