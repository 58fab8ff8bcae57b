"""What each kind of machine installs is the same set: one lock file, and recipes that use it."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "envs/constraints.txt").read_text()
CONTAINER = (ROOT / "envs/Containerfile").read_text()
CONDA = yaml.safe_load((ROOT / "envs/environment.yaml").read_text())
# What runs the workflow: `make run` on one machine, the others there and on clusters.
RUN = {"generate", "exchange", "convert", "workflow", "train"}


def pins():
    """Version of each distribution of the lock file."""
    lines = [line for line in LOCK.splitlines() if not line.startswith("#")]
    parsed = [re.fullmatch(r"([\w.-]+)==([\w.]+)", line) for line in lines]
    assert all(parsed), "the lock file has nothing but name==version"
    names = [canonicalize_name(match[1]) for match in parsed]
    assert len(names) == len({*names}), "a distribution is pinned once"
    return dict(zip(names, (match[2] for match in parsed), strict=True))


def extras(text):
    """The extras of rs3l that a recipe installs."""
    (found,) = re.findall(r"--editable \"?\.+\[([\w,]+)\]", text)
    return {*found.split(",")}


REQUIREMENTS = [
    Requirement(line)
    for lines in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    for line in lines
]


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=str)
def test_what_is_required_is_pinned_within_its_bounds(requirement):
    version = pins().get(canonicalize_name(requirement.name))
    assert version is not None, f"{requirement.name} has no line in envs/constraints.txt"
    assert requirement.specifier.contains(version), f"{requirement.name}=={version}"


def test_all_recipes_have_the_python_of_the_lock_file():
    (locked,) = re.findall(r"CPython (3\.\d+)", LOCK)
    (container,) = re.findall(r"^FROM \S+/python:(3\.\d+)-", CONTAINER, re.MULTILINE)
    (conda,) = (one for one in CONDA["dependencies"] if str(one).startswith("python="))
    assert container == locked
    assert conda == f"python={locked}"
    assert f">={locked}" == PROJECT["requires-python"]


def test_all_recipes_install_from_the_lock_file():
    (pip,) = (one["pip"] for one in CONDA["dependencies"] if isinstance(one, dict))
    assert "--constraint constraints.txt" in pip, "relative to envs/, as conda reads it"
    assert re.search(r"pip install .*--constraint envs/constraints\.txt", CONTAINER)
    assert CONDA["dependencies"][-1] == {"pip": pip}
    assert all(one == "pip" or one.startswith("python=") for one in CONDA["dependencies"][:-1])


def test_recipes_install_what_a_run_needs():
    makefile = (ROOT / "Makefile").read_text()
    run = makefile[makefile.index("$(VENV)/run.done:") : makefile.index("$(VENV)/test.done:")]
    (installed,) = re.findall(r'--editable "\.\[([\w,]+)\]"', run)
    assert {*installed.split(",")} == RUN
    assert extras(CONTAINER) == RUN
    assert extras("\n".join(CONDA["dependencies"][-1]["pip"])) == RUN | {"slurm"}


@pytest.mark.parametrize("plugin", ["slurm", "htcondor"])
def test_a_profile_names_a_plugin_that_an_extra_installs(plugin):
    profile = yaml.safe_load((ROOT / f"workflow/profiles/{plugin}/config.yaml").read_text())
    assert profile["executor"] == plugin
    (line,) = PROJECT["optional-dependencies"][plugin]
    requirement = Requirement(line)
    assert requirement.name == f"snakemake-executor-plugin-{plugin}"
    assert any(each.operator == "<" for each in requirement.specifier), "a plugin's bound above"
