"""Views form a tree: where each starts again, and what it shares with its parent.

A view at `shower` shares the hard event alone and has no parent. One at `hadronization` shares the
parton shower of its parent, one at `detector` its parent's stable particles; what the parent
changes holds for them, too.
"""

from __future__ import annotations

from collections.abc import Mapping

from rs3l_data.describe.strict import nearest
from rs3l_data.describe.view import View


def path_to(views: Mapping[str, View], name: str) -> list[str]:
    """List a view and what it starts from: its root first, itself last.

    Raises
    ------
    ValueError
        If a parent does not exist, or the views form a cycle.
    """
    path = [name]
    while (parent := views[path[0]].of) is not None:
        if parent not in views:
            raise ValueError(
                f"{path[0]}.of: there is no view '{parent}'; {nearest(parent, [*views])}"
            )
        if parent in path:
            cycle = " of ".join([*reversed(path[: path.index(parent) + 1]), parent])
            raise ValueError(f"the views form a cycle: {cycle}")
        path.insert(0, parent)
    return path


def shower_of(views: Mapping[str, View], name: str) -> str:
    """Name the view whose parton shower a view shares: the root of its branch."""
    return path_to(views, name)[0]


def particles_of(views: Mapping[str, View], name: str) -> str:
    """Name the view whose stable particles a view shares, itself unless it redoes the detector."""
    return next(n for n in reversed(path_to(views, name)) if views[n].redo != "detector")


def roots(views: Mapping[str, View]) -> list[str]:
    """List the views that start from the hard event: one job each."""
    return [name for name, view in views.items() if view.redo == "shower"]


def family(views: Mapping[str, View], root: str) -> list[str]:
    """List the views that share a root's shower, the root first."""
    return [root, *(name for name in views if name != root and shower_of(views, name) == root)]


def check(views: Mapping[str, View]) -> None:
    """Check that every view has the parent that its intervention point needs.

    Raises
    ------
    ValueError
        Naming the view, what was found and what was expected.
    """
    for name, view in views.items():
        if view.redo == "shower" and view.of is not None:
            raise ValueError(
                f"{name}.of: a view that redoes the shower starts from the hard event and has no "
                f"parent, found '{view.of}'; remove `of`"
            )
        if view.redo != "shower" and view.of is None:
            raise ValueError(
                f"{name}.of: a view that redoes the {view.redo} needs the view that it starts "
                f"from, for example `of: {next(iter(views))}`"
            )
        root, *between = path_to(views, name)
        if view.redo == "hadronization" and (source := views[root].hepmc):
            raise ValueError(
                f"{name}.of: its shower comes from the file '{source}', which cannot be hadronised "
                "again; `redo: detector` can"
            )
        if view.redo == "hadronization" and any(views[n].redo == "detector" for n in between):
            raise ValueError(
                f"{name}.of: '{view.of}' redoes the detector and has no hadronization of its own; "
                f"give '{particles_of(views, str(view.of))}'"
            )
