import pytest
from hypothesis import given
from hypothesis import strategies as st

from rs3l_data.describe.chunks import (
    LARGEST_MB,
    LONGEST_S,
    chosen,
    events_of,
    n_chunks,
    settled,
    sizes_in,
)
from rs3l_data.describe.cost import Costs
from rs3l_data.describe.rates import recorded
from rs3l_data.describe.resolved import Resolved
from rs3l_data.errors import ConfigError, InputFileError
from rs3l_data.store.config_file import save
from tests.data.conftest import make_config

VINCIA = {"nominal": {}, "vincia": {"variation": "vincia"}}


def config_of(views=None, hard=None, **processes):
    return make_config(
        processes={name: {"events": n} for name, n in (processes or {"qcd": 1000}).items()},
        views=views or {"nominal": {}, "seed": {}},
        hard=hard or {},
    )


@pytest.mark.parametrize("views", [{"nominal": {}}, VINCIA])
@pytest.mark.parametrize("process", ["qcd", "hbb"])
def test_the_slowest_job_takes_twenty_to_sixty_minutes(views, process):
    config = config_of(views, **{process: 10**7})
    costs = Costs(config, recorded())
    events = chosen(config, process)
    slowest = max(costs.shower(process, view, events).cpu_s for view in views)
    assert 1200 < slowest < LONGEST_S * 1.01
    assert str(events).strip("0") in ("1", "2", "5")


def test_no_job_needs_more_than_four_gigabytes():
    config = config_of({"fast": {"variation": "mpi_off"}}, qcd=10**7)
    events = chosen(config, "qcd")
    costs = Costs(config, recorded())
    assert costs.shower("qcd", "fast", events).memory_mb < LARGEST_MB
    assert costs.pack("qcd", 5 * events).memory_mb > LARGEST_MB


def test_memory_does_not_grow_with_the_views_of_a_job():
    many = {"nominal": {}, **{f"v{i}": {"redo": "detector", "of": "nominal"} for i in range(60)}}
    one, other = (Costs(config_of(views, qcd=1000), recorded()) for views in (None, many))
    expected = one.shower("qcd", "nominal", 1000)
    found = other.shower("qcd", "nominal", 1000)
    assert found.memory_mb == expected.memory_mb
    assert found.disk_mb == pytest.approx(61 * expected.disk_mb)


@given(st.integers(1, 10**8), st.integers(1, 10**8))
def test_more_events_leave_the_chunks_alone(few, many):
    one, other = config_of(qcd=few), config_of(qcd=many)
    assert chosen(one, "qcd") == chosen(other, "qcd")


def test_a_view_that_is_not_the_slowest_leaves_the_chunks_alone():
    more = {**VINCIA, "up": {"variation": "fsr_up"}, "again": {"redo": "detector", "of": "up"}}
    assert chosen(config_of(VINCIA), "qcd") == chosen(config_of(more), "qcd")
    assert chosen(config_of(), "qcd") > chosen(config_of(VINCIA), "qcd")


def test_chunks_cover_all_events_once():
    config = settled(config_of(qcd=2503, hbb=10), {"qcd": 1000, "hbb": 7})
    for process, n in (("qcd", 2503), ("hbb", 10)):
        events = [
            e for i in range(n_chunks(config, process)) for e in events_of(config, process, i)
        ]
        assert events == [*range(n)]


def test_a_chunk_or_process_that_is_not_there_is_named():
    config = settled(config_of(qcd=25), {"qcd": 10})
    with pytest.raises(ConfigError, match="chunk 3: process 'qcd' has chunks 0 to 2"):
        events_of(config, "qcd", 3)
    with pytest.raises(ConfigError, match=r"processes\.qdc: .* did you mean 'qcd'"):
        n_chunks(config, "qdc")


def test_what_the_config_gives_comes_first_then_what_the_run_has_chosen():
    given_for_one = make_config(
        processes={"qcd": {"events": 9, "chunk_events": 3}, "hbb": {"events": 9}},
        views={"nominal": {}},
        hard={"chunk_events": 4},
    )
    assert sizes(settled(given_for_one, {"qcd": 7, "hbb": 8})) == {"qcd": 3, "hbb": 4}
    left_open = config_of(qcd=9, hbb=9)
    kept = settled(left_open, {"qcd": 7})
    assert sizes(kept) == {"qcd": 7, "hbb": chosen(left_open, "hbb")}


def test_a_run_keeps_its_chunks_when_a_slow_view_comes_in(tmp_path):
    data = config_of().model_dump(mode="json", exclude_none=True)
    before = Resolved.from_mapping(data, "test", tmp_path)
    save(before.config, tmp_path / "test" / "config.yaml")
    data["views"] |= {"vincia": {"variation": "vincia"}}
    after = Resolved.from_mapping(data, "test", tmp_path)
    assert sizes(after.config) == sizes(before.config)
    anew = Resolved.from_mapping(data, "test", tmp_path / "elsewhere")
    assert sizes(anew.config) != sizes(before.config)


@pytest.mark.parametrize("content", ["", "[1, 2]", "processes: 3"])
def test_a_foreign_config_of_a_run_is_named(tmp_path, content):
    (tmp_path / "config.yaml").write_text(content)
    with pytest.raises(InputFileError, match=r"config\.yaml: expected the config of a run"):
        sizes_in(tmp_path / "config.yaml")


def test_a_config_of_an_older_version_gives_no_sizes(tmp_path):
    (tmp_path / "config.yaml").write_text("processes: {qcd: {events: 5}}")
    assert sizes_in(tmp_path / "config.yaml") == {}


def sizes(config):
    return {name: process.chunk_events for name, process in config.processes.items()}
