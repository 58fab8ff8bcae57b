"""What the workflow itself costs: planning and starting very many jobs that do nothing.

`python -m benchmarks.scale --jobs 10000` plans a run of about so many jobs (a dry run), and with
`--run` starts each of them, with a stand-in for `rs3l-data` that makes an empty output and ends.
`--config FILE` plans that config instead. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
VIEWS = {
    "nominal": {},
    "seed": {},
    "fsr_up": {"variation": "fsr_up"},
    "fsr_down": {"variation": "fsr_down"},
    "a14": {"variation": "a14"},
}
JOBS_OF_A_CHUNK = len(VIEWS) + 2
STAND_IN = """#!/bin/sh
out=$3/dataset.json
while [ $# -gt 0 ]; do
  [ "$1" = --out ] && out=$2
  shift
done
: > "$out"
"""


def main() -> None:
    """Plan, and if asked for, run; print what Snakemake took."""
    arguments = read_arguments()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        lay_out(folder, arguments)
        options = ["--configfile", "my.yaml", "--quiet", "all", "--cores", str(arguments.cores)]
        options += ["--workflow-profile", "workflow/profiles/default", *arguments.snakemake]
        target = ["--", "results/scale/dataset/dataset.json"]
        plan, run = [*options, "--dry-run", *target], [*options, *target]
        found = {"plan": spent(plan, folder)}
        if arguments.run:
            found["run"] = spent(run, folder)
            found["files"] = files_by_folder(folder)
            found["plan again"] = spent(plan, folder)
    found["jobs"] = arguments.jobs if arguments.config is None else str(arguments.config)
    found["machine"] = f"{os.cpu_count()} CPUs, {platform.machine()}, {platform.system()}"
    found["versions"] = {name: metadata.version(name) for name in ("rs3l", "snakemake")}
    found["versions"]["python"] = platform.python_version()
    print(json.dumps(found, indent=2))


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--config", type=Path, help="plan this config; no --run")
    parser.add_argument("--run", action="store_true", help="start the jobs, too")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("snakemake", nargs="*", help="further options, after --")
    arguments = parser.parse_args()
    if arguments.run and arguments.config is not None:
        parser.error("--config is for a plan; its jobs may need more than the stand-in makes")
    return arguments


def lay_out(folder: Path, arguments: argparse.Namespace) -> None:
    """Lay out a checkout with a config of so many jobs, and the stand-in."""
    shutil.copy(ROOT / "Snakefile", folder)
    shutil.copytree(ROOT / "workflow", folder / "workflow")
    if arguments.config is None:
        half = max(1, arguments.jobs // JOBS_OF_A_CHUNK // 2)
        config = {
            "seed": 1,
            "processes": {"qcd": {"events": half}, "hbb": {"events": half}},
            "views": VIEWS,
            "hard": {"chunk_events": 1},
        }
    else:
        config = yaml.safe_load(arguments.config.read_text(encoding="utf-8"))
    text = yaml.safe_dump({**config, "name": "scale"}, sort_keys=False)
    (folder / "my.yaml").write_text(text, encoding="utf-8")
    stand_in = folder / "bin/rs3l-data"
    stand_in.parent.mkdir()
    stand_in.write_text(STAND_IN, encoding="utf-8")
    stand_in.chmod(0o755)


def spent(options: list[str], folder: Path) -> dict[str, float]:
    """Run Snakemake: time by the clock and of CPU, its children's apart, and peak memory."""
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    code = (
        "import resource, runpy, sys\n"
        "from rs3l_data.progress import peak_memory_mb\n"
        "sys.argv[:] = sys.argv[1:]\n"
        "try:\n    runpy.run_module('snakemake', run_name='__main__', alter_sys=True)\n"
        "finally:\n"
        "    own = resource.getrusage(resource.RUSAGE_SELF)\n"
        "    print(own.ru_utime + own.ru_stime, peak_memory_mb(), file=sys.stderr)\n"
    )
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code, "snakemake", *options],
        cwd=folder,
        env=environment,
        text=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    wall = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"snakemake failed:\n{done.stderr}")
    cpu, memory = map(float, done.stderr.split()[-2:])
    return {
        "wall_s": round(wall, 2),
        "cpu_s": round(cpu, 2),
        "peak_memory_mb": round(memory, 1),
    }


def files_by_folder(folder: Path) -> dict[str, int]:
    """Count what a run leaves."""
    counts: dict[str, int] = {}
    for top in (folder / "results/scale", folder / ".snakemake"):
        for path in top.rglob("*"):
            if path.is_file():
                name = path.relative_to(top).parts[0]
                name = name if top.name == "scale" else f".snakemake/{name}"
                counts[name] = counts.get(name, 0) + 1
    return counts


if __name__ == "__main__":
    main()
