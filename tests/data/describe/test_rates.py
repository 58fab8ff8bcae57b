import pytest
import yaml

from rs3l_data.describe.catalogue import catalogue
from rs3l_data.describe.rates import (
    Rates,
    of_process,
    rates_as_yaml,
    read_rates,
    recorded,
    shower_kind,
)
from rs3l_data.describe.variation import known_variation
from rs3l_data.errors import ConfigError

VINCIA = "PartonShowers:model = 2"
GLOBAL = "Vincia:sectorShower = off"
LESS = "TimeShower:renormMultFac = 4"


def rates(**changes):
    everything = recorded().model_dump() | {
        "shower_ms": {
            "monash": {"qcd": 10.0, "top": 8.0},
            "cp5": {"qcd": 15.0, "top": 12.0},
            f"monash; {VINCIA}": {"qcd": 100.0},
            f"monash; {VINCIA}; {GLOBAL}": {"qcd": 50.0},
            f"monash; {LESS}": {"qcd": 5.0},
        },
    }
    return Rates(**(everything | changes))


@pytest.mark.parametrize(
    ("kind", "process", "expected"),
    [
        ("monash", "qcd", (10.0, True)),
        (f"monash; {VINCIA}", "qcd", (100.0, True)),
        # The ratio to the tune alone, as measured for the other process.
        (f"monash; {VINCIA}", "top", (80.0, False)),
        # The mean of the processes.
        ("monash", "mine", (9.0, False)),
        # The ratio of the tunes.
        (f"cp5; {LESS}", "qcd", (7.5, False)),
        (f"cp5; {VINCIA}; {GLOBAL}", "top", (60.0, False)),
        # The model of the shower decides, whatever else is set and in which order.
        (f"monash; StringZ:aLund = 0.3; {GLOBAL}; {VINCIA}", "qcd", (50.0, False)),
        # A kind that sets what this one does not is not similar.
        (f"monash; {GLOBAL}", "qcd", (10.0, False)),
        ("a14_var1_up", "qcd", (10.0, False)),
    ],
)
def test_times_of_showers(kind, process, expected):
    value, measured = rates().shower(kind, process)
    assert (pytest.approx(value), measured) == expected


def test_a_kind_is_told_by_tune_and_settings_however_they_are_written():
    assert shower_kind("a14", (" PartonShowers:model=2 ",)) == f"a14; {VINCIA}"
    assert shower_kind("a14", ()) == "a14"


def test_rates_are_read_as_they_were_written(tmp_path):
    path = tmp_path / "rates.yaml"
    path.write_text(rates_as_yaml(rates(pack_ms=0.123456)))
    assert read_rates(path) == rates(pack_ms=0.123)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hard_ms": {"qcd": -1}}, r"hard_ms\.qcd: expected more than 0; found -1"),
        ({"rows": {}}, "rows: expected at least one entry; found {}"),
        ({"shower_ms": {}}, "shower_ms: expected at least one entry; found {}"),
        ({"shower_ms": {"monash": {"qcd": 0}}}, r"shower_ms\.monash\.qcd: expected more than 0"),
        ({"start_s": {"hard": 1}}, r"start_s: expected an entry for each .* for \['resimulate', "),
        ({"memory": {}}, r"memory: expected an entry for each command, found none for \['hard', "),
    ],
)
def test_rates_with_which_nothing_can_be_planned_are_named(tmp_path, changes, message):
    path = tmp_path / "rates.yaml"
    path.write_text(yaml.safe_dump(recorded().model_dump() | changes))
    with pytest.raises(ConfigError, match=rf"rates\.yaml: {message}"):
        read_rates(path)


def test_the_recorded_rates_know_all_processes_and_vincia():
    known = recorded()
    for process in catalogue("processes"):
        assert of_process(known.hard_ms, process).measured
        simple, untuned = (known.shower(kind, process) for kind in ("monash", f"monash; {VINCIA}"))
        tuned = known_variation("vincia")
        vincia = known.shower(shower_kind("monash", tuned.settings), process)
        assert simple.measured
        assert untuned.measured
        assert vincia.measured
        assert 4 * simple.value < vincia.value < untuned.value
