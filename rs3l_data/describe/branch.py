"""What holds in a view: the run's, with what the view and those that it starts from change."""

from __future__ import annotations

from rs3l_data.describe import tree
from rs3l_data.describe.config import Config
from rs3l_data.describe.pileup import Pileup, pileup_on_branch


def tune_of(config: Config, view: str) -> str:
    """Name the tune of a view: that of its shower, or the run's."""
    root = config.views[tree.shower_of(config.views, view)]
    return root.changes.tune or config.generator.tune


def branch_settings(config: Config, view: str) -> list[str]:
    """List the settings that a view and those that it starts from change, its root's first."""
    branch = (config.views[name] for name in tree.path_to(config.views, view))
    return [line for one in branch for line in one.changes.settings]


def pileup_of(config: Config, view: str) -> Pileup:
    """Give the pile-up of a view."""
    return pileup_on_branch(config.pileup, config.views, view)


def has_pileup(config: Config, root: str) -> bool:
    """Say whether any view that shares a root's shower has pile-up: then its job needs a sample."""
    return any(pileup_of(config, name).mean > 0 for name in tree.family(config.views, root))
