"""Whether shards and manifest say of the content's digest what is true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rs3l_data.integrity.findings import Findings, Place
from rs3l_data.store.manifest import MANIFEST_NAME
from rs3l_data.store.row_sum import ALGORITHM, RowSum
from rs3l_data.store.shard import ROW_SUM, Shard


@dataclass(slots=True)
class Digests:
    """The sum of all rows in all views that have been read so far."""

    total: RowSum = field(default_factory=RowSum)

    def add(self, shard: Shard, view: str, found: RowSum, place: Place) -> None:
        """Add a view's rows, and compare them with what the shard says of them, if it does."""
        self.total += found
        said = shard.sums.get(view, found)
        if said != found:
            expected = f"{found.to_text()}, as the content has"
            where = f"/views/{view} attribute {ROW_SUM}"
            place.findings.add("digest", place.file, where, said.to_text(), expected)

    def check(self, folder: Path, manifest: Mapping[str, Any], findings: Findings) -> None:
        """Compare the digest of everything with that of the manifest."""
        file = folder / MANIFEST_NAME
        if manifest.get("digest_algorithm") != ALGORITHM:
            findings.leave_out(
                f"the digest of {file}: another version wrote it in another way; the checksums of "
                "the files are compared"
            )
            return
        found = self.total.digest()
        if found != manifest["digest"]:
            expected = f"{found}, as the content has"
            findings.add("digest", str(file), "digest", manifest["digest"], expected)
