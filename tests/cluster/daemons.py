"""A Slurm cluster of one node on loopback: munged, slurmctld, slurmd, their state in one folder.

No accounting, no cgroups: a job beyond its memory is killed by Slurm's own polling, so it works
in a container.
"""

import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path

PACKAGES = ("munge", "slurm-wlm")
DAEMONS = ("munged", "slurmctld", "slurmd")
NODE = "loop"

CONFIG = """\
ClusterName=loopback
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
# A job whose node failed may start again after so many seconds.
AuthInfo=socket={state}/munge.socket,cred_expire=5
StateSaveLocation={state}/controller
SlurmdSpoolDir={state}/spool
SlurmctldPidFile={state}/slurmctld.pid
SlurmdPidFile={state}/slurmd.pid
SlurmctldLogFile={state}/slurmctld.log
SlurmdLogFile={state}/slurmd.log
MailProg=/bin/true
AccountingStorageType=accounting_storage/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_min_interval=200000
GresTypes=gpu
# More CPUs than the machine may have: jobs of a test mostly wait.
SlurmdParameters=config_overrides
MpiDefault=none
# Without cgroups: measured every second, killed when over.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill,UsePss
# `squeue` is what tells a job's end where there is no accounting.
MinJobAge=300
KillWait=1
ReturnToService=2
NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=6000 Gres=gpu:1
PartitionName=main Nodes={node} Default=YES MaxTime=1-00:00:00 State=UP OverSubscribe=NO
"""


class CannotRunError(Exception):
    """Slurm cannot be run here, and why in one line."""


def install():
    """Install Debian's Slurm unless it is here.

    Raises
    ------
    CannotRunError
        Neither Slurm nor the means to install it.
    """
    if os.geteuid() != 0:
        raise CannotRunError("Slurm's daemons need root here: run `make test-cluster` as root")
    if all(map(_daemon, DAEMONS)):
        return
    if shutil.which("apt-get") is None:
        raise CannotRunError("no Slurm here, and no apt-get to install it with")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-q"],
        ["apt-get", "install", "-q", "-y", "--no-install-recommends", *PACKAGES],
    ):
        done = subprocess.run(command, env=quiet, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CannotRunError(f"`{' '.join(command)}` failed: {done.stderr.strip()[-300:]}")


def _daemon(name):
    """Find a daemon where Debian puts it, whether or not that is on the PATH."""
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")


class Slurm:
    """The daemons, and what Slurm's commands say of their jobs and node.

    Attributes
    ----------
    environment
        What lets `sbatch`, `squeue` and Snakemake find this cluster.
    """

    def __init__(self, state: Path, cpus: int = 4):
        self.state = state
        config = state / "slurm.conf"
        self._running = {}
        state.mkdir(mode=0o755)
        for folder in ("controller", "spool", "bin"):
            (state / folder).mkdir()
        # The plugin takes SLURM_CONF from the jobs' environment, so their srun brings it along.
        srun = state / "bin/srun"
        srun.write_text(f'#!/bin/sh\nSLURM_CONF="{config}" exec {shutil.which("srun")} "$@"\n')
        srun.chmod(0o755)
        path = f"{srun.parent}:{os.environ['PATH']}"
        self.environment = {**os.environ, "SLURM_CONF": str(config), "PATH": path}
        text = CONFIG.format(
            host=platform.node(),
            node=NODE,
            state=state,
            cpus=cpus,
            controller_port=free_port(),
            node_port=free_port(),
        )
        config.write_text(text)
        (state / "gres.conf").write_text("AutoDetect=off\nName=gpu File=/dev/null\n")
        key = state / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)

    def start(self):
        """Start all three and wait for the node."""
        files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log"}
        options = [f"--{name}={self.state}/munge.{end}" for name, end in files.items()]
        self._start("munged", "--foreground", "--force", *options)
        self._wait((self.state / "munge.socket").exists, "munged")
        self.start_controller()
        self.start_node()

    def start_controller(self):
        """Start slurmctld, which goes on where one before it has ended."""
        self._start("slurmctld", "-D")

    def start_node(self, *prefix: str):
        """Start slurmd, under `prefix` if given, and wait until jobs can run there."""
        self._start("slurmd", "-D", "-N", NODE, prefix=prefix)
        self._wait(lambda: self.node_state() in ("idle", "mixed", "allocated"), "slurmd")

    def stop_controller(self):
        """End slurmctld in order, as for maintenance; jobs that run go on.

        A crash in the second after an allocation is another thing: Slurm itself then starts the job
        twice and drains the node.
        """
        self._end("slurmctld")

    def kill_node(self):
        """Take the node away as a power cut does: slurmd and all that runs under it."""
        self._kill("slurmd")
        self._kill_processes()

    def stop_node(self):
        """End slurmd in order."""
        self._end("slurmd")

    def stop(self):
        """End jobs and daemons, the last started first."""
        if "slurmctld" in self._running:
            self.ask("scancel", "--state=RUNNING", check=False)
            self.ask("scancel", "--state=PENDING", check=False)
            with suppress(CannotRunError):
                self._wait(lambda: not self.processes(), "the last job's end", seconds=10.0)
        self._kill_processes()
        for daemon in reversed([*self._running]):
            self._end(daemon)

    def ask(self, *command: str, check: bool = True) -> str:
        """Answer of one of Slurm's commands."""
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=check
        )
        return done.stdout.strip()

    def node_state(self) -> str:
        """Such as ``idle``, ``mixed``, ``down*``."""
        return self.ask("sinfo", "--noheader", "--nodes", NODE, "--format=%T", check=False)

    def jobs(self) -> list[dict]:
        """Records of all jobs that Slurm remembers."""
        return json.loads(self.ask("squeue", "--states=all", "--json"))["jobs"]

    def of_rule(self, rule: str, since: int = 0) -> list[dict]:
        """Records of a rule's jobs that were sent after another, in order."""
        return sorted(
            (
                job
                for job in self.jobs()
                if job["job_id"] > since and job["comment"].startswith(f"rule_{rule}")
            ),
            key=lambda job: job["job_id"],
        )

    def running(self, rule: str) -> list[int]:
        """Numbers of a rule's jobs that a node works on."""
        return [job["job_id"] for job in self.of_rule(rule) if job["job_state"] == "RUNNING"]

    def states(self) -> dict[int, str]:
        """State of each job that Slurm remembers."""
        return {job["job_id"]: job["job_state"] for job in self.jobs()}

    def processes(self, watchers: bool = True) -> list[int]:
        """What slurmd has started: jobs and, unless not wanted, the slurmstepd that watch them."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                environment = (folder / "environ").read_bytes()
                ours = f"SLURM_CONF={self.state}/".encode() in environment
                watcher = b"slurmstepd" in (folder / "cmdline").read_bytes()
                if ours and (watchers if watcher else b"SLURM_JOB_ID=" in environment):
                    found.append(int(folder.name))
        return found

    def _kill_processes(self):
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _end(self, daemon):
        process = self._running.pop(daemon)
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _kill(self, daemon):
        process = self._running.pop(daemon)
        process.kill()
        process.wait()

    def _start(self, daemon, *arguments, prefix=()):
        with (self.state / f"{daemon}.out").open("ab") as out:
            self._running[daemon] = subprocess.Popen(
                [*prefix, _daemon(daemon), *arguments],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def _wait(self, ready, what, seconds=30.0):
        end = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > end:
                logs = "; ".join(
                    f"{log.name}: {log.read_text(errors='replace').strip()[-300:]}"
                    for log in sorted(self.state.glob("*.out"))
                )
                raise CannotRunError(f"no {what} after {seconds:.0f} s: {logs}")
            time.sleep(0.2)


@contextmanager
def loopback(state: Path):
    """A cluster that is there within the block."""
    install()
    slurm = Slurm(state)
    try:
        slurm.start()
        yield slurm
    finally:
        slurm.stop()


def free_port() -> int:
    """A port of loopback that nobody uses now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
