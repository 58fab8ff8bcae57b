"""What is asked of Slurm before any job is sent; `tests/cluster` asks real daemons."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from rs3l_data import slurm
from rs3l_data.errors import ClusterError

# An sbatch that knows one partition, keeps what it was asked, and runs what is to be waited for.
SBATCH = """\
#!/bin/sh
echo "$@" >> "$ASKED"
case "$*" in *--partition=nowhere*)
  echo "sbatch: error: invalid partition specified: nowhere" >&2
  echo "sbatch: error: Batch job submission failed: Invalid partition name specified" >&2
  exit 1;;
esac
case "$*" in
  *--wait*) if [ -n "$QUEUE" ]; then sleep 10; fi; exec sh;;
  *) echo 17;;
esac
"""
TRIAL = slurm.TRIAL
SACCT = "#!/bin/sh\necho 1\n"
NO_ACCOUNTS = Path("workflow/profiles/slurm/no-accounts").resolve()


def job(rule, threads=1, view=None, process=None, chunk=None, sample=None, **resources):
    given = {"process": process, "chunk": chunk, "view": view, "sample": sample}
    wildcards = {name: value for name, value in given.items() if value is not None}
    return SimpleNamespace(
        rule=SimpleNamespace(name=rule), wildcards=wildcards, threads=threads, resources=resources
    )


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """Commands on the path, and the file of what they were asked; the trial does nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(slurm, "TRIAL", "true")
    for name, text in {"sbatch": SBATCH, "scancel": "#!/bin/sh\n", "sacct": SACCT}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    path = f"{tmp_path}:{Path(sys.executable).parent}:/usr/bin:/bin"
    monkeypatch.setenv("PATH", path)
    monkeypatch.setenv("ASKED", str(tmp_path / "asked"))
    monkeypatch.setenv("PYTHONPATH", str(Path(slurm.__file__).parents[1]))
    return tmp_path / "asked"


@pytest.fixture
def go(tmp_path):
    """The whole of it, on some jobs; what it tells."""
    config = tmp_path / "a run/config.yaml"
    config.parent.mkdir()
    config.touch()

    def call(*jobs, command="sacct", config=config):
        told, no_accounts = [], Path(os.path.relpath(NO_ACCOUNTS))
        slurm.preflight(
            jobs, command, no_accounts, config, config.parent / "logs/trial.log", told.append
        )
        return told

    return call


def test_a_machine_without_slurm_is_told(go, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ClusterError, match="`scontrol` is not in the PATH"):
        go(job("resimulate"))


def test_one_job_of_each_rule_and_view_is_asked_about(asked, go):
    times = [("a", 10), ("b", 90), ("a", 10), ("c", 10)]
    jobs = [job("resimulate", view=view, runtime=time) for view, time in times]
    assert go(*jobs, job("pretrain", threads=2, mem_mb=500, gpu=1)) == []
    lines = asked.read_text().splitlines()
    assert lines[:-1] == [
        f"--begin=now+1day --parsable {asked_for} --wrap=true"
        for asked_for in (
            "--cpus-per-task=1 --time=10",
            "--cpus-per-task=1 --time=90",
            "--cpus-per-task=2 --mem=500 --gpus=1",
        )
    ]
    assert "--wait" in lines[-1]


def test_processes_and_samples_that_ask_for_more_are_asked_about(asked, go):
    """A limit that the first process keeps, another may break; chunks of one are alike."""
    jobs = [("hbb", "0000", 61), ("hbb", "0001", 60), ("qcd", "0000", 70)]
    go(
        *(job("resimulate", view="nominal", process=p, chunk=c, runtime=t) for p, c, t in jobs),
        *(job("onepass", process="hbb", sample=s, mem_mb=m) for s, m in (("a", 900), ("b", 1000))),
    )
    sent = [line for line in asked.read_text().splitlines() if "--begin" in line]
    asked_for = [line.split()[3] for line in sent]
    assert asked_for == ["--time=61", "--time=70", "--mem=900", "--mem=1000"]


def test_a_training_without_a_gpu_is_told(asked, go):
    """As when `--set-resources` for some other rule has taken the place of the profile's."""
    (told,) = go(job("resimulate"), job("pretrain", mem_mb=500), job("study", gpu=1))
    assert told.startswith("Rule pretrain asks for no GPU, and will train on CPUs.")


def test_a_profile_without_the_lines_of_the_gpus_is_one_that_snakemake_takes():
    lines = (NO_ACCOUNTS.parent / "config.yaml").read_text().splitlines()
    left = yaml.safe_load("\n".join(line for line in lines if "gpu:" not in line))
    assert left["executor"] == "slurm"
    assert not left["set-resources"]


def test_the_environment_is_tried_where_jobs_will_run_but_not_on_gpus(asked, go):
    place = {"slurm_partition": "long", "slurm_account": "physics"}
    on_gpus = [{"gpu": 1}, {"gres": "gpu:1"}, {"slurm_extra": "--gpus-per-node=1"}]
    studies = [job(f"study{i}", slurm_partition="gpus", **own) for i, own in enumerate(on_gpus)]
    go(job("hard", **place), job("pack", **place), *studies)
    (trial,) = (line for line in asked.read_text().splitlines() if "--wait" in line)
    assert "--partition=long --account=physics" in trial
    assert "--mem=1000 --time=5" in trial


def test_what_a_job_needs_is_asked_for_by_slurms_names(asked, go):
    place = {"clusters": "big", "qos": "short", "constraint": "avx2"}
    extra = "--reservation='a b' --nice"
    go(job("hard", **place, mem_mb_per_cpu=700, gres="gpu:2", slurm_extra=extra))
    assert (
        "--clusters=big --qos=short --constraint=avx2 --cpus-per-task=1"
        " --mem-per-cpu=700 --gres=gpu:2 --reservation=a b --nice --wrap"
    ) in asked.read_text()


def test_what_slurm_refuses_is_said_with_the_rule(asked, go):
    with pytest.raises(ClusterError) as error:
        go(job("hard"), job("pack", slurm_partition="nowhere"))
    assert (
        "jobs of rule pack (--partition=nowhere --cpus-per-task=1):"
        " Batch job submission failed: Invalid partition name specified."
    ) in str(error.value)
    assert "\n" not in str(error.value)
    assert "--wait" not in asked.read_text(), "nothing is tried after a refusal"


@pytest.mark.parametrize(("answer", "where"), [("17", "17"), ("17;big", "--clusters=big 17")])
def test_what_was_asked_about_is_taken_back_from_its_cluster(asked, answer, where):
    replace(asked, "sbatch", f"echo '{answer}'")
    replace(asked, "scancel", 'echo "$@" >> "$ASKED"')
    slurm.ask(slurm.Request("hard", (), ()))
    assert asked.read_text() == f"{where}\n"


def test_a_value_that_is_not_known_yet_is_not_asked_about(asked, go):
    go(job("hard", mem_mb=SimpleNamespace(), runtime=5))
    assert "--cpus-per-task=1 --time=5 --wrap" in asked.read_text()


def replace(asked, command, text):
    """Put another answer in the place of one of Slurm's commands, which is named."""
    path = asked.parent / command
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


DISABLED = "echo 'Slurm accounting storage is disabled' >&2; exit 1"


@pytest.mark.parametrize("sacct", [DISABLED, None])
def test_without_accounts_the_controller_is_asked_how_jobs_end(asked, go, monkeypatch, sacct):
    replace(asked, "scontrol", "echo 'MinJobAge               = 180 sec'")
    replace(asked, "squeue", 'echo "$@"')
    if sacct is None:
        monkeypatch.setattr(slurm.shutil, "which", lambda command: None)
    else:
        replace(asked, "sacct", sacct)
    (told,) = go(job("hard"))
    assert "controller, not its accounts, is asked" in told
    question = ["sacct", "-X", "--clusters", "all", "--format=JobIdRaw,State", "--name", "a run"]
    answer = subprocess.run(question, capture_output=True, text=True, check=True, cwd="/")
    assert answer.stdout == "--noheader --states=all --format=%i|%T --name a run\n"


def test_a_controller_that_forgets_jobs_too_soon_is_told_of(asked, go):
    replace(asked, "sacct", DISABLED)
    replace(asked, "scontrol", "echo 'MinJobAge               = 179 sec'")
    with pytest.raises(ClusterError, match="forgets jobs 179 s after their end"):
        go(job("hard"))
    replace(asked, "scontrol", "echo 'Unable to contact slurm controller' >&2; exit 1")
    with pytest.raises(ClusterError, match="does not tell MinJobAge: Unable to contact"):
        go(job("hard"))


def test_accounts_that_do_not_answer_are_not_taken_for_none(asked, go):
    replace(asked, "sacct", "echo 'sacct: error: Connection refused' >&2; exit 1")
    with pytest.raises(ClusterError, match=r"cannot tell how jobs end: .*Connection refused"):
        go(job("hard"))
    replace(asked, "scontrol", "echo 'MinJobAge               = 300 sec'")
    assert len(go(job("hard"), command="squeue")) == 1, "who says so asks the controller"


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("folder", "does not see .*elsewhere"),
        ("python", "does not have the environment's /nowhere/python"),
        ("import", "is not complete: .*No module named 'rs3l_data"),
        ("training", "is not complete: .*No module named 'rs3l_train.config'"),
        ("command", "`rs3l-data` does not run on a node: .*not found"),
    ],
)
def test_a_node_that_lacks_something_is_told_apart(
    asked, go, monkeypatch, tmp_path, broken, message
):
    monkeypatch.setattr(slurm, "TRIAL", TRIAL)
    where = {}
    if broken == "folder":
        where = {"config": tmp_path / "elsewhere/config.yaml"}
    elif broken == "python":
        monkeypatch.setattr(sys, "executable", "/nowhere/python")
    elif broken == "import":
        put_in_front(tmp_path, monkeypatch, "rs3l_data")
    elif broken == "training":
        put_in_front(
            tmp_path, monkeypatch, "rs3l_data", "rs3l_data/chain", "snakemake", "rs3l_train"
        )
    else:
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(ClusterError, match=message) as error:
        go(job("hard"), **where)
    assert "\n" not in str(error.value)


def put_in_front(folder, monkeypatch, *packages):
    """Let Python find empty packages before those of the environment."""
    for package in packages:
        (folder / package).mkdir()
        (folder / package / "__init__.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(folder))


def test_a_node_that_has_all_passes(asked, go, monkeypatch, tmp_path):
    """Its paths may have spaces."""
    monkeypatch.setattr(slurm, "TRIAL", TRIAL)
    (tmp_path / "an environment").mkdir()
    replace(asked, "an environment/python", f'exec {sys.executable} "$@"')
    monkeypatch.setattr(sys, "executable", str(tmp_path / "an environment/python"))
    assert go(job("hard")) == []


WRITING = """\
case "$*" in *--wait*) ;; *) exit;; esac
for option; do case "$option" in --output=*) log="${option#--output=}";; esac; done
"""


def test_a_trial_that_succeeds_leaves_no_log(asked, go, tmp_path):
    replace(asked, "sbatch", WRITING + 'echo warning > "$log" && touch "$ASKED"')
    assert go(job("hard")) == []
    assert asked.exists(), "there was one"
    assert list((tmp_path / "a run/logs").iterdir()) == []


def test_a_trial_that_fails_otherwise_is_told_with_what_it_said_last(asked, go):
    replace(asked, "sbatch", WRITING + 'printf "first\nlast\n" > "$log"; exit 9')
    with pytest.raises(ClusterError, match=r"on a node ended with 9: last; see .*trial\.log"):
        go(job("hard"))
    replace(asked, "sbatch", WRITING + "exit 9")
    with pytest.raises(ClusterError, match="ended with 9: it said nothing; see"):
        go(job("hard"))


def test_a_trial_that_waits_in_the_queue_is_given_up(asked, go, monkeypatch):
    monkeypatch.setenv("QUEUE", "full")
    monkeypatch.setattr(slurm, "PATIENCE", 0.2)
    replace(asked, "scancel", 'echo "scancel $@" >> "$ASKED"')
    (told,) = go(job("hard"))
    assert "No node was free within 0 s" in told
    *_, trial, taken_back = asked.read_text().splitlines()
    assert "--job-name=rs3l-trial-a run " in trial
    assert taken_back == "scancel --name=rs3l-trial-a run"
