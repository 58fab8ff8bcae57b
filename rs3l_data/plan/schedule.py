"""How long jobs with dependencies take on a number of cores: they are played through."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import NamedTuple


class Schedule(NamedTuple):
    """The outcome."""

    wall_s: float
    used: float
    """Share of the cores' time that jobs take"""
    most_at_once: int
    """Jobs that ran at the same time, at most"""


def schedule(seconds: Sequence[float], after: Sequence[Sequence[int]], cores: int) -> Schedule:
    """Give each free core the first job whose turn it is (Graham's list scheduling).

    No order of the jobs can take less than half of this time; R. L. Graham, SIAM J. Appl. Math. 17
    (1969) 416.

    Parameters
    ----------
    seconds
        Of each job, on one core.
    after
        Positions of the jobs that each job waits for.

    Raises
    ------
    ValueError
        If jobs wait for one another.
    """
    waiting = [len(needed) for needed in after]
    then: list[list[int]] = [[] for _ in after]
    for job, needed in enumerate(after):
        for before in needed:
            then[before].append(job)
    ready = [job for job, n in enumerate(waiting) if n == 0]
    running: list[tuple[float, int]] = []
    now, done, most = 0.0, 0, 0
    while ready or running:
        while ready and len(running) < cores:
            job = heapq.heappop(ready)
            heapq.heappush(running, (now + seconds[job], job))
        most = max(most, len(running))
        now, job = heapq.heappop(running)
        done += 1
        for next_one in then[job]:
            waiting[next_one] -= 1
            if waiting[next_one] == 0:
                heapq.heappush(ready, next_one)
    if done < len(after):
        raise ValueError(f"{len(after) - done} jobs wait for one another")
    busy = sum(seconds) / (now * cores) if now > 0 else 1.0
    return Schedule(now, busy, most)
