"""What a drill has counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Outcome:
    """How often something was done, and what was seen."""

    drill: str
    times: int = 0
    seen: Counter[str] = field(default_factory=Counter)

    def note(self, what: str) -> None:
        """Count one more time, and what was seen of it."""
        self.times += 1
        self.seen[what] += 1

    def __str__(self) -> str:
        """Give a row of the table in docs/failures.md."""
        seen = "; ".join(f"{n}× {what}" for what, n in sorted(self.seen.items()))
        return f"| {self.drill} | {self.times} | {seen} |"
