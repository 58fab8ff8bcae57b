"""A network and an objective of another package, as docs/training.md shows one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.train.conftest import SETTINGS
from tests.train.test_example import PAGE

ROOT = Path(__file__).parents[2]


def code_of(path):
    """Give a file that the page shows."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.findall(rf"```\w+\n# {re.escape(path)}\n(.*?)```", text, re.DOTALL)
    return found[-1]


def in_package(code):
    """Change the lines that import the settings."""
    own = re.sub(
        r"rs3l_train\.config\.(backbone|objective) import", "my_nets.settings import", code
    )
    assert own != code
    return own


@pytest.fixture
def package(tmp_path):
    """Install the package of the page, with further lines in its settings; give its folder."""

    def install(entry_points=None, more=""):
        site = tmp_path / "site"
        folder = site / "my_nets"
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
        (folder / "settings.py").write_text(code_of("my_nets/settings.py") + more)
        for name, where in (("deepsets", "backbone"), ("uniform", "objective")):
            code = code_of(f"rs3l_train/{where}s/{name}.py")
            (folder / f"{name}.py").write_text(in_package(code))
        about = site / "my_nets-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: my-nets\nVersion: 1.0\n")
        if entry_points is None:
            groups = re.findall(
                r'\[project\.entry-points\."(.*?)"\]\n(.*?)\n(?:\n|$)', code_of("pyproject.toml")
            )
            entry_points = "".join(f"[{group}]\n{line}\n" for group, line in groups)
            entry_points = entry_points.replace('"', "")
        (about / "entry_points.txt").write_text(entry_points)
        return site

    return install


def python(site, *arguments):
    """Run Python in a process of its own, as packages are looked for when it begins."""
    paths = [str(path) for path in (site, ROOT) if path is not None]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    call = [sys.executable, *map(str, arguments)]
    return subprocess.run(call, env=environment, capture_output=True, text=True, timeout=600)


def command(site, *arguments):
    return python(site, "-m", "rs3l_train", *arguments)


@pytest.fixture
def config_file(tmp_path):
    settings = SETTINGS | {
        "backbone": {"name": "deepsets", "width": 12, "output": [8, 6]},
        "objective": {"name": "uniform", "weight": 0.5},
    }
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({"training": settings}))
    return path


def test_a_package_brings_its_network_and_objective(package, folder, config_file, tmp_path):
    site, run, tagger = package(), tmp_path / "run", tmp_path / "tagger"
    common = ("--data", folder, "--config", config_file, "--set", "pretrain.views_seen=300")
    done = command(site, "pretrain", *common, "--out", run)
    assert done.returncode == 0, done.stderr
    assert json.loads((run / "metrics.json").read_text())["objective"] == "uniform"
    kept = json.loads((run / "run.json").read_text())["own_packages"]
    assert [*kept] == ["my-nets 1.0"]
    mode = ("--mode", "full", "--labels", 20, "--pretrained", run)
    done = command(site, "finetune", *common, *mode, "--out", tagger)
    assert done.returncode == 0, done.stderr
    # Who opens it without the package is told the name that is missing.
    done = command(None, "evaluate", "--data", folder, "--model", tagger)
    assert done.returncode == 2
    assert "training: backbone.name: there is no 'deepsets'" in done.stderr
    assert "that is not installed here; install that, or train again" in done.stderr
    (site / "my_nets" / "deepsets.py").write_text(
        (site / "my_nets" / "deepsets.py").read_text() + "# changed\n"
    )
    done = command(site, "pretrain", *common, "--out", run)
    assert done.returncode == 0
    assert "the code of my-nets 1.0 is now" in done.stderr
    done = command(site, "pretrain", *common, "--set", "backbone.width=0", "--out", run)
    assert "training: backbone.width: expected at least 1; found 0" in done.stderr
    done = command(site, "pretrain", *common, "--set", "backbone.widht=8", "--out", run)
    assert "training: backbone.widht: unknown key; did you mean 'width'?" in done.stderr


@pytest.mark.parametrize("first", ["settings", "deepsets", "uniform"])
def test_the_package_may_be_imported_first(package, first):
    code = f"""
import my_nets.{first}
from rs3l_train.backbones import backbone_of
from rs3l_train.config import validate_training

print(type(backbone_of(validate_training({{"backbone": {{"name": "deepsets"}}}}, "here"))).__name__)
"""
    done = python(package(), "-c", code)
    assert (done.stdout, done.stderr) == ("DeepSets\n", "")


def test_the_page_s_tests_of_it_pass_there(package):
    site = package()
    (site / "my_nets" / "test_my_nets.py").write_text(in_package(code_of("test_my_nets.py")))
    done = python(site, "-m", "pytest", "-q", "-p", "no:cacheprovider", site / "my_nets")
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


NOTHING = """
class Nothing(OwnBackbone):
    name: Literal["nothing"] = "nothing"
"""
STRING = """
class Text(OwnBackbone):
    name: str = "text"
    def build(self, n_inputs):
        return "a network"
"""


@pytest.mark.parametrize(
    ("line", "more", "message"),
    [
        ("x = my_nets.missing:X", "", "ModuleNotFoundError: No module named 'my_nets.missing'"),
        ("x = my_nets.settings:Literal", "", "is no subclass of rs3l_train.own.OwnBackbone"),
        ("nothing = my_nets.settings:Nothing", NOTHING, "my_nets.settings:Nothing has no method"),
        ("text = my_nets.settings:Text", STRING, "needs `name: Literal['text'] = 'text'`"),
        ("other = my_nets.settings:DeepSetsConfig", "", "needs `name: Literal['other']"),
        (
            "edgeconv = my_nets.settings:Mine",
            NOTHING.replace("Nothing", "Mine").replace("nothing", "edgeconv")
            + "    def build(self, n_inputs):\n        return None\n",
            "the name is taken",
        ),
    ],
)
def test_what_is_announced_and_is_none_is_told_when_a_config_is_read(
    package, folder, config_file, tmp_path, line, more, message
):
    site = package(f"[rs3l_train.backbones]\n{line}\n", more)
    out = ("--config", config_file, "--out", tmp_path / "run")
    done = command(site, "pretrain", "--data", folder, *out)
    assert done.returncode == 2
    (told,) = done.stderr.strip().splitlines()
    name = line.split()[0]
    assert f"entry point '{name}' of rs3l_train.backbones, my-nets 1.0: " in told
    assert message in told
    assert "mend or uninstall it" in told
    assert command(site, "--help").returncode == 0


def test_what_builds_no_network_is_told(package, folder, config_file, tmp_path):
    more = "\nDeepSetsConfig.build = lambda self, n_inputs: [self]\n"
    done = command(
        package(more=more),
        *("pretrain", "--data", folder, "--config", config_file, "--out", tmp_path / "run"),
    )
    assert done.returncode != 0
    told = "my_nets.settings.DeepSetsConfig.build: gives a builtins.list, expected a subclass of"
    assert told in done.stderr
    assert "Traceback" not in done.stderr
