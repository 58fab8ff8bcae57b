"""Whether Slurm would take a workflow's jobs and its nodes can run them, before any is sent.

A partition that does not exist, or nodes without the environment, would otherwise show as one
failure for each job, three times over.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rs3l_data.errors import ClusterError

# What of a job's resources becomes which option of sbatch, as in snakemake-executor-plugin-slurm.
PLACE = {
    "slurm_partition": "--partition",
    "slurm_account": "--account",
    "clusters": "--clusters",
    "qos": "--qos",
    "constraint": "--constraint",
}
SIZE = {
    "mem_mb": "--mem",
    "mem_mb_per_cpu": "--mem-per-cpu",
    "runtime": "--time",
    "gpu": "--gpus",
    "gres": "--gres",
}
# Rules that train networks, for which the profile asks for a GPU.
TRAINING = ("pretrain", "study")
# A trial that has not ended after so long lies in the queue: go on without it [s].
PATIENCE = 120.0
# The plugin asks how jobs end at least so often [s].
LONGEST_BETWEEN_QUESTIONS = 180

NO_FOLDER, NO_PYTHON, NO_IMPORT, NO_COMMAND = 64, 65, 66, 67
TRIAL = f"""\
#!/bin/sh
test -f {{config}} || exit {NO_FOLDER}
test -x {{python}} || exit {NO_PYTHON}
{{python}} -c 'import snakemake, rs3l_data.chain, rs3l_train.config' || exit {NO_IMPORT}
rs3l-data --help > /dev/null || exit {NO_COMMAND}
"""


class Job(Protocol):
    """What is needed to know of a job of Snakemake's."""

    rule: Any
    wildcards: Any
    resources: Mapping[str, Any]
    threads: int


@dataclass(frozen=True)
class Request:
    """What a rule's jobs ask of Slurm."""

    rule: str
    place: tuple[str, ...]
    """Options of ``sbatch`` that say where to run"""
    size: tuple[str, ...]
    """Those that say how large and how long a job is"""

    @property
    def needs_gpu(self) -> bool:
        """Whether its jobs wait for a GPU."""
        return any(option.startswith(("--gpus", "--gres")) for option in self.size)


def preflight(
    jobs: Iterable[Job],
    status_command: str | None,
    no_accounts: Path,
    config: Path,
    log: Path,
    tell: Callable[[str], None],
) -> None:
    """Ask Slurm about a job of each rule, process and view, and try the environment on a node.

    Parameters
    ----------
    jobs
        Those that will be sent.
    status_command
        What the user wants to be asked how jobs end, ``sacct`` or ``squeue``.
    no_accounts
        Folder of an ``sacct`` for clusters that keep no accounts.
    config
        A file of the run that every node must see.
    log
        Where the trial's output goes, in a folder that every node must see.
    tell
        Takes what is not an error.

    Raises
    ------
    ClusterError
        The first thing that would make all jobs of a rule fail, and how to fix it.
    """
    prepare_states(status_command, no_accounts, tell)
    requests = distinct(jobs)
    for request in requests:
        ask(request)
        if request.rule in TRAINING and not request.needs_gpu:
            tell(
                f"Rule {request.rule} asks for no GPU, and will train on CPUs. Where there are"
                " GPUs: `gpu: 1` in `set-resources`, which on the command line takes the place of"
                " all that the profile sets"
            )
    for place in dict.fromkeys(each.place for each in requests if not each.needs_gpu):
        if not try_environment(place, config, log):
            tell(
                f"No node{_at(place)} was free within {PATIENCE:.0f} s to try the environment on;"
                " the jobs are sent without it."
            )


def distinct(jobs: Iterable[Job]) -> list[Request]:
    """List a request of each rule, process, view and sample; the jobs of all chunks are alike."""
    first: dict[tuple[str, ...], Job] = {}
    for job in jobs:
        kind = (value for name, value in job.wildcards.items() if name != "chunk")
        first.setdefault((job.rule.name, *kind), job)
    return list(dict.fromkeys(_request(job.rule.name, job) for job in first.values()))


def ask(request: Request) -> None:
    """Send a job for tomorrow, so that Slurm judges it, and take it back.

    ``sbatch --test-only`` refuses jobs that would only have to wait for a node that is down, and
    ``sbatch --hold`` does not refuse those that no node can ever run.

    Raises
    ------
    ClusterError
        It would be refused.
    """
    options = [*request.place, *request.size]
    answer = _slurm("sbatch", "--begin=now+1day", "--parsable", *options, "--wrap=true")
    if answer.returncode:
        raise ClusterError(
            f"Slurm refuses the jobs of rule {request.rule} ({' '.join(options)}):"
            f" {_last_line(answer.stderr)}."
            " Set `default-resources` and `set-resources` of the profile to what this cluster has:"
            " `sinfo` lists partitions, `sacctmgr show associations user=$USER` accounts"
        )
    job, _, cluster = answer.stdout.strip().partition(";")
    _slurm("scancel", *([f"--clusters={cluster}"] if cluster else []), job)


def prepare_states(
    status_command: str | None, no_accounts: Path, tell: Callable[[str], None]
) -> None:
    """Make sure that the plugin will learn how jobs end; it would wait for ever otherwise.

    Where accounts do not answer, because there are none or because the user knows that they do
    not, an ``sacct`` that asks the controller comes first in the PATH.
    ``--slurm-status-command squeue`` alone is not enough: in a check that begins while the
    controller is away, the plugin (2.8) goes over to ``sacct``, and stays with it in vain for all
    its attempts.

    Raises
    ------
    ClusterError
        Neither accounts nor the controller can tell.
    """
    if shutil.which("sacct"):
        answer = _slurm("sacct", "--allocations", "--noheader")
        if answer.returncode == 0:
            return
        if "disabled" not in answer.stderr and status_command != "squeue":
            raise ClusterError(
                f"`sacct` cannot tell how jobs end: {_last_line(answer.stderr)}."
                " Start again when it answers, or with --slurm-status-command squeue, which asks"
                " the controller"
            )
    memory = _min_job_age()
    if memory < LONGEST_BETWEEN_QUESTIONS:
        raise ClusterError(
            f"Slurm's accounts do not answer, and its controller forgets jobs {memory} s after"
            f" their end, but is asked for them every {LONGEST_BETWEEN_QUESTIONS} s: its"
            " `MinJobAge` has to be larger, which your cluster's administrators set"
        )
    os.environ["PATH"] = f"{no_accounts.resolve()}{os.pathsep}{os.environ['PATH']}"
    tell("Slurm's controller, not its accounts, is asked how jobs end.")


def _min_job_age() -> int:
    """For how long Slurm's controller remembers jobs that have ended [s]."""
    answer = _slurm("scontrol", "show", "config")
    if found := re.search(r"^MinJobAge\s*=\s*(\d+)", answer.stdout, re.MULTILINE):
        return int(found[1])
    raise ClusterError(
        f"`scontrol show config` does not tell MinJobAge: {_last_line(answer.stderr)}"
    )


def try_environment(place: tuple[str, ...], config: Path, log: Path) -> bool:
    """Run a job of seconds that needs what every job needs; False if none could start in time.

    Raises
    ------
    ClusterError
        It failed, and what a node lacks.
    """
    python = shlex.quote(sys.executable)
    script = TRIAL.format(config=shlex.quote(str(config)), python=python)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    name = f"rs3l-trial-{config.parent.name}"
    options = [*place, f"--job-name={name}", "--mem=1000", "--time=5", f"--output={log}"]
    try:
        done = _slurm("sbatch", "--wait", *options, script=script, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        _slurm("scancel", f"--name={name}")
        return False
    if done.returncode:
        raise ClusterError(_what_is_missing(done.returncode, place, config, log, done.stderr))
    log.unlink(missing_ok=True)
    return True


def _what_is_missing(code: int, place: tuple[str, ...], config: Path, log: Path, said: str) -> str:
    """One line: what a node lacks, and how to fix it."""
    node = f"a node{_at(place)}"
    shared = "all nodes must share its file system"
    if code == NO_FOLDER:
        return f"{node} does not see {config.resolve()}: {shared}"
    if code == NO_PYTHON:
        return f"{node} does not have the environment's {sys.executable}: {shared}"
    last = _last_line(said + (log.read_text() if log.exists() else ""))
    if code == NO_IMPORT:
        return f"the environment of {node} ({sys.executable}) is not complete: {last}"
    if code == NO_COMMAND:
        return (
            f"`rs3l-data` does not run on {node}: {last}."
            " Activate the environment before snakemake: jobs inherit its PATH"
        )
    return f"the trial job on {node} ended with {code}: {last}; see {log}"


def _request(rule: str, job: Job) -> Request:
    def options(names: Mapping[str, str]) -> list[str]:
        values = ((option, job.resources.get(name)) for name, option in names.items())
        return [f"{option}={value}" for option, value in values if isinstance(value, int | str)]

    threads = f"--cpus-per-task={job.threads}"
    extra = shlex.split(str(job.resources.get("slurm_extra", "")))
    return Request(rule, tuple(options(PLACE)), (threads, *options(SIZE), *extra))


def _last_line(said: str) -> str:
    lines = said.strip().splitlines()
    return lines[-1].removeprefix("sbatch: error: ") if lines else "it said nothing"


def _at(place: tuple[str, ...]) -> str:
    return f" of {' '.join(place)}" if place else ""


def _slurm(
    *command: str, script: str | None = None, timeout: float | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one of Slurm's commands; what it returns is the caller's to judge.

    Raises
    ------
    ClusterError
        There is none.
    """
    try:
        return subprocess.run(
            command, input=script, timeout=timeout, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise ClusterError(
            f"`{command[0]}` is not in the PATH: start where Slurm's commands are, as on its login"
            " nodes, or leave out `--executor slurm` and its profile"
        ) from None
