"""What a view should change against the view that it is a version of.

What theory expects of a variation stands in the catalogue (`expect`); a view without any variation
is expected to change nothing but random numbers.
"""

from __future__ import annotations

from typing import Literal

from rs3l_data.describe.branch import branch_settings, pileup_of, tune_of
from rs3l_data.describe.catalogue import entry
from rs3l_data.describe.config import Config
from rs3l_data.describe.owned import parameter
from rs3l_data.describe.tree import shower_of
from rs3l_data.describe.variation import KnownVariation, known_variation, points
from rs3l_data.validation.paired import PEAK, RESPONSE

Expected = Literal["up", "down", "same", "nothing"]
"""`nothing`: no difference at all; `same`: none beyond the tolerance"""

ALWAYS = ("n_constituents", RESPONSE, PEAK)
"""What is shown of every view, with or without an expectation"""


def expectations(config: Config, view: str, base: str) -> dict[str, Expected]:
    """Say what is expected of a view: by the catalogue, or nothing at all where nothing changes.

    Of what a config itself changes, pile-up included, nothing is known, nor how another program's
    shower differs from ours.
    """
    own = config.views[view]
    roots = {shower_of(config.views, name) for name in (view, base)}
    if len(roots) > 1 and any(config.views[root].hepmc for root in roots):
        return {}
    # A view that shares nothing but the hard event differs in all that its base changes, too.
    alone = own.of is not None or (
        config.views[base].variation is None and not config.views[base].detector
    )
    same_crossing = pileup_of(config, view) == pileup_of(config, base)
    if own.detector or not alone or not same_crossing:
        return {}
    if not isinstance(own.variation, str | None):
        return {}
    if own.variation is None:
        return dict.fromkeys(ALWAYS, "nothing")
    known = known_variation(own.variation)
    # Some changes are told against a tune, and say nothing about any other.
    if known.reference not in (None, tune_of(config, base)):
        return {}
    if _starts_elsewhere(config, known, base):
        return {}
    return known.expect.model_dump(exclude_none=True)


def _starts_elsewhere(config: Config, known: KnownVariation, base: str) -> bool:
    """Say whether a step in the hadronisation starts from other values than its entry means.

    The entries are steps away from Monash; a tune that sets the same parameters, as Vincia's does,
    can lie on the other side of the step.
    """
    if known.tune or not known.settings or "hadronization" not in points(known):
        return False
    lines = [
        *entry("tunes", tune_of(config, base))["settings"],
        *config.generator.settings,
        *branch_settings(config, base),
    ]
    before = {parameter(line) for line in lines}
    return "vincia:tune" in before or bool(before & {parameter(line) for line in known.settings})
