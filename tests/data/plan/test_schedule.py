import pytest
from hypothesis import given
from hypothesis import strategies as st

from rs3l_data.plan.schedule import schedule


@st.composite
def graphs(draw):
    n = draw(st.integers(1, 30))
    seconds = draw(st.lists(st.floats(0.01, 100), min_size=n, max_size=n))
    after = [draw(st.lists(st.integers(0, i - 1), unique=True)) if i else [] for i in range(n)]
    return seconds, after


def longest_path(seconds, after):
    ends = []
    for own, needed in zip(seconds, after, strict=True):
        ends.append(own + max((ends[i] for i in needed), default=0.0))
    return max(ends)


@given(graphs(), st.integers(1, 8))
def test_the_time_lies_between_what_must_be_and_grahams_bound(graph, cores):
    seconds, after = graph
    found = schedule(seconds, after, cores)
    least = max(longest_path(seconds, after), sum(seconds) / cores)
    assert least * 0.999999 <= found.wall_s
    assert found.wall_s <= 1.000001 * (
        sum(seconds) / cores + (1 - 1 / cores) * longest_path(seconds, after)
    )
    assert 1 <= found.most_at_once <= cores
    assert found.used == pytest.approx(sum(seconds) / cores / found.wall_s)


def test_jobs_wait_for_what_they_need_and_for_a_core():
    # 0 and 1 at once, 2 on the first free core, 3 after all of them.
    assert schedule([3, 1, 1, 1], [[], [], [], [0, 1, 2]], 2).wall_s == 4
    assert schedule([3, 1, 1, 1], [[], [], [1], [0, 1, 2]], 1).wall_s == 6
    assert schedule([1] * 10, [[]] * 10, 4).wall_s == 3
    assert schedule([1] * 10, [[]] * 10, 100).most_at_once == 10
    # What takes no time leaves no core idle.
    assert schedule([0, 0], [[], [0]], 2) == (0, 1, 1)


def test_jobs_that_wait_for_one_another_are_an_error():
    with pytest.raises(ValueError, match="2 jobs wait for one another"):
        schedule([1, 1, 1], [[], [2], [1]], 2)
