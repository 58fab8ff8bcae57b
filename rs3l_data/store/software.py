"""Whether one set of versions made all shards that are put together."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence

from rs3l_data.store.shard import Shard

logger = logging.getLogger(__name__)


def warn_of_other_software(shards: Sequence[Shard], expected: Mapping[str, str]) -> None:
    """Warn of shards that were made with other versions than these.

    `rs3l_source` is among them, a digest of the code and of the catalogue: what a name of it means
    may change from one to the next.
    """
    found: Counter[tuple[str, str, str]] = Counter()
    for shard in shards:
        made = shard.attributes.get("software", {})
        for name in {**expected, **made}:
            version, other = (of.get(name, "unknown") for of in (made, expected))
            found[name, version, other] += version != other
    for (name, version, other), n_shards in (+found).items():
        logger.warning(
            "%d of %d shards were made with %s %s, not %s: the rows may differ from those that one "
            "version would have made of all",
            *(n_shards, len(shards), name, version, other),
        )
