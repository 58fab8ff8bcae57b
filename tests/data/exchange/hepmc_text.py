"""The lines of a HepMC3 file, to change some of them."""

from __future__ import annotations

from itertools import pairwise


def events_in(lines):
    """Split lines into header, events and end."""
    starts = [i for i, line in enumerate(lines) if line.startswith(b"E ")] + [len(lines) - 1]
    while not lines[starts[-1]].startswith(b"HepMC::Asciiv3-END"):
        starts[-1] -= 1
    cuts = [lines[a:b] for a, b in pairwise(starts)]
    return lines[: starts[0]], cuts, lines[starts[-1] :]


def ordered(order):
    """Take events in another order, not all of them maybe."""

    def change(lines):
        head, events, end = events_in(lines)
        return head + [line for i in order for line in events[i]] + end

    return change
