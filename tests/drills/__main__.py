"""``python -m tests.drills``: many failures of each kind, counted as a table of Markdown.

``--drill NAME --times N`` makes those of one kind. Drills of disks mount file systems, in a mount
namespace of their own, and are left out where that is not permitted.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path

from tests.drills import changed, damaged, disk, killed, limits, mounts, together
from tests.drills.workflow import Run

DRILLS = {
    "jobs": (killed.jobs_at_any_moment, 52),
    "writing": (killed.jobs_while_writing, 20),
    "snakemake": (killed.snakemake, 16),
    "changed": (changed.walk, 20),
    "memory": (limits.memory, 16),
    "time": (limits.time_limit, 16),
    "intermediate": (damaged.intermediate, 24),
    "shard": (damaged.shard_before_manifest, 16),
    "finished-shard": (damaged.shard_after_manifest, 4),
    "too-large": (disk.too_large, 8),
    "two-runs": (together.two_runs, 4),
    "clocks": (together.clocks, 6),
    "full": (disk.full, 12),
    "forbidden": (disk.forbidden, 4),
    "lost": (disk.lost, 3),
}
MOUNTING = ("full", "forbidden", "lost")
ALONE = "RS3L_DRILL_NAMESPACE"


def main() -> None:
    """Make the failures that are asked for, and print what was counted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drill", choices=DRILLS, action="append", help="By default all.")
    parser.add_argument("--times", type=int, help="By default as many as in docs/failures.md.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--undisturbed", type=Path, help="Keep the run to compare with here.")
    given = parser.parse_args()
    _alone()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        kept = given.undisturbed or folder / "undisturbed"
        undisturbed = Run(kept) if kept.exists() else Run.finished(kept)
        for name in given.drill or DRILLS:
            drill, times = DRILLS[name]
            if name in MOUNTING and not mounts.can_mount(folder):
                sys.stdout.write(f"| {name} | 0 | left out: no permission to mount |\n")
                continue
            run = Run.laid_out(folder / name)
            rng = random.Random(f"{given.seed} {name}")
            sys.stdout.write(f"{drill(undisturbed, run, given.times or times, rng)}\n")
            sys.stdout.flush()
            shutil.rmtree(run.folder)


def _alone() -> None:
    """Start again in a mount namespace of our own, so that no mount outlives the drills."""
    if ALONE in os.environ:
        return
    os.environ[ALONE] = "1"
    become_root = () if os.geteuid() == 0 else ("--map-root-user", "--user")
    unshare = shutil.which("unshare")
    if unshare is not None:
        command = [unshare, *become_root, "--mount", "true"]
        if os.spawnv(os.P_WAIT, unshare, command) == 0:
            os.execv(unshare, [*command[:-1], sys.executable, "-m", "tests.drills", *sys.argv[1:]])


if __name__ == "__main__":
    main()
