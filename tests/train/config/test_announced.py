"""What installed packages announce, one by one; tests/train/test_own.py installs a whole one."""

from __future__ import annotations

import re
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace
from typing import Literal

import pytest
from pydantic import BaseModel, ValidationError, create_model

from rs3l_data.describe.strict import Strict
from rs3l_data.errors import ConfigError
from rs3l_data.source import source_digest
from rs3l_train.config import announced
from rs3l_train.own import OwnBackbone

GROUP = "rs3l_train.backbones"
TESTS = Path(__file__).parents[2]
MEND = "; mend or uninstall it"


class Shipped(Strict):
    name: Literal["shipped"] = "shipped"


class AlsoShipped(Strict):
    name: Literal["other"] = "other"


class Own(OwnBackbone):
    """One of whose keys takes one of several words, as many a network's does."""

    name: Literal["own"] = "own"
    pooling: Literal["mean", "sum"] = "mean"

    def build(self, n_inputs):
        return n_inputs


class Further(Own):
    name: Literal["further"] = "further"


class TwoNames(Own):
    name: Literal["two", "names"] = "two"


class Abstract(OwnBackbone):
    name: Literal["abstract"] = "abstract"


@pytest.fixture
def union(monkeypatch):
    """Give the union of what is shipped and of entry points, as a model with the one field."""
    monkeypatch.setattr(announced, "_faults", [])
    monkeypatch.setattr(announced, "_packages", {})

    def build(entries, default="shipped"):
        found = [
            EntryPoint(name, value if ":" in value else f"{__name__}:{value}", GROUP)
            for name, value in entries
        ]
        monkeypatch.setattr(announced, "entry_points", lambda group: {GROUP: found}[group])
        kinds = announced.with_announced(Shipped | AlsoShipped, GROUP, OwnBackbone, default)
        return create_model("Block", network=(kinds, ...))

    return build


def chosen(block: type[BaseModel], **settings) -> BaseModel:
    return block(network=settings).network


def told():
    with pytest.raises(ConfigError) as caught:
        announced.require_sound()
    return str(caught.value).splitlines()


def test_names_choose_and_the_default_needs_none(union):
    block = union([("own", "Own"), ("further", "Further")])
    announced.require_sound()
    assert chosen(block, name="own", pooling="sum") == Own(pooling="sum")
    assert chosen(block, name="further") == Further()
    assert chosen(block, name="other") == AlsoShipped()
    assert chosen(block) == Shipped()
    assert chosen(union([("own", "Own")], "other")) == AlsoShipped()
    with pytest.raises(ValidationError):
        chosen(block, name="own", pooling="max")


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("own", "Absent", "AttributeError: module '.*' has no attribute 'Absent'"),
        ("own", "no_such_module_at_all:Own", "ModuleNotFoundError: No module named '.*'"),
        ("own", "GROUP", ".*:GROUP is no subclass of rs3l_train.own.OwnBackbone"),
        ("own", "Shipped", ".*:Shipped is no subclass of rs3l_train.own.OwnBackbone"),
        ("abstract", "Abstract", ".*:Abstract has no method build"),
        ("mine", "Own", ".*:Own needs `name: Literal\\['mine'\\] = 'mine'`"),
        ("two", "TwoNames", ".*:TwoNames needs `name: Literal\\['two'\\] = 'two'`"),
    ],
)
def test_a_fault_is_told_and_leaves_the_others(union, name, value, fault):
    block = union([(name, value), ("further", "Further")])
    (line,) = told()
    where = value if ":" in value else f"{__name__}:{value}"
    start = f"entry point '{name}' of {GROUP}, {where}: "
    assert line.startswith(start)
    assert re.fullmatch(fault + MEND, line.removeprefix(start))
    assert chosen(block, name="further") == Further()
    with pytest.raises(ValidationError):
        chosen(block, name=name)


def test_a_name_is_given_once_and_every_fault_has_a_line(union):
    """In the order of the names, whatever that of the packages is."""
    block = union([("own", "Own"), ("own", "Own"), ("other", "Shipped"), ("further", "Absent")])
    further, other, taken = told()
    assert further.startswith("entry point 'further' of ")
    assert other.startswith("entry point 'other' of ")
    assert "is no subclass" in other
    assert taken == f"entry point 'own' of {GROUP}, {__name__}:Own: the name is taken{MEND}"
    assert chosen(block, name="own") == Own()
    assert chosen(block, name="other") == AlsoShipped()


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """A module that is one file, with another beside it."""
    file = tmp_path / "alone.py"
    file.write_text(
        "from typing import Literal\n"
        "from rs3l_train.own import OwnBackbone\n"
        "class Alone(OwnBackbone):\n"
        "    name: Literal['alone'] = 'alone'\n"
        "    def build(self, n_inputs): return None\n"
    )
    (tmp_path / "beside.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "alone", raising=False)
    return file


def test_code_is_known_by_the_package_or_the_one_file(union, alone):
    union([("own", "Own"), ("alone", "alone:Alone"), ("mine", "Own")])
    assert announced.own_packages() == {
        f"{__name__}:Own": source_digest(TESTS),
        "alone:Alone": source_digest(alone.parent, (alone.name,)),
    }


def test_a_package_is_called_by_name_and_version(union, alone, monkeypatch):
    """And known by all modules of its own that something announced lies in, each once."""
    dist = SimpleNamespace(name="my-nets", version="1.5")
    monkeypatch.setattr(EntryPoint, "dist", dist)
    union([("own", "Own"), ("further", "Further"), ("mine", "Own"), ("alone", "alone:Alone")])
    digests = source_digest(alone.parent, (alone.name,)), source_digest(TESTS)
    assert announced.own_packages() == {"my-nets 1.5": " ".join(digests)}
    (line,) = told()
    assert line.startswith(f"entry point 'mine' of {GROUP}, my-nets 1.5: ")
