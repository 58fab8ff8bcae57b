"""The `training:` block: its parts, and how it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import Field, model_validator

from rs3l_data.describe.strict import Strict, validate
from rs3l_data.describe.wording import found
from rs3l_data.describe.yaml_file import parse_yaml, read_yaml, why_no_yaml
from rs3l_data.errors import ConfigError
from rs3l_train.config.announced import require_sound
from rs3l_train.config.backbone import BackboneConfig, EdgeConvConfig, resized
from rs3l_train.config.data import DataConfig
from rs3l_train.config.evaluation import EvaluationConfig
from rs3l_train.config.finetune import FinetuneConfig
from rs3l_train.config.loop import LoopConfig
from rs3l_train.config.objective import MaskedSettings, NTXentConfig, ObjectiveConfig
from rs3l_train.config.pretrain import PretrainConfig
from rs3l_train.config.task import TaskConfig


class TrainingConfig(Strict):
    """The `training:` block."""

    seed: int = Field(
        default=1, ge=0, lt=2**32, description="seed of everything random in training"
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="auto: a GPU if there is"
    )
    threads: int | None = Field(
        default=None, ge=1, le=1024, description="CPU threads; null: PyTorch's choice"
    )
    data: DataConfig = Field(default=DataConfig(), description="what the network sees")
    backbone: BackboneConfig = Field(default=EdgeConvConfig(), description="the network")
    objective: ObjectiveConfig = Field(default=NTXentConfig(), description="the pretraining loss")
    pretrain: PretrainConfig = Field(default=PretrainConfig(), description="how pretraining runs")
    loop: LoopConfig = Field(default=LoopConfig(), description="how it uses the machine")
    task: TaskConfig = Field(default=TaskConfig(), description="what is tagged")
    finetune: FinetuneConfig = Field(default=FinetuneConfig(), description="how labels are learned")
    evaluation: EvaluationConfig = Field(default=EvaluationConfig(), description="what is measured")

    @model_validator(mode="after")
    def _parts_of_jets(self) -> Self:
        if self.loop.parts > self.pretrain.jets_per_batch:
            raise ValueError(
                f"loop.parts: {self.loop.parts} parts of a batch of {self.pretrain.jets_per_batch}"
                " jets; use no more than pretrain.jets_per_batch"
            )
        return self

    @model_validator(mode="after")
    def _something_to_hide(self) -> Self:
        if isinstance(self.objective, MaskedSettings) and self.data.constituents == 1:
            raise ValueError(
                f"data.constituents: 1, but the objective {self.objective.name!r} predicts some of"
                " a jet's constituents from the others; take two at least, or another objective"
            )
        return self


def validate_training(data: Mapping[str, Any], source: str) -> TrainingConfig:
    """Validate a `training:` block.

    Raises
    ------
    ConfigError
        For an unknown key or a bad value, naming its path; or if a package announces a network or
        an objective that is none.
    """
    require_sound()
    return validate(TrainingConfig, data, f"{source}: training")


def pretraining_part(training: Mapping[str, Any]) -> dict[str, Any]:
    """Give what pretraining depends on: all but what is tagged, and how taggers are trained.

    The probe on the way, which tells the task's classes apart, decides nothing.

    Parameters
    ----------
    training
        A valid `training:` block, defaults filled in or not.
    """
    return {k: v for k, v in training.items() if k not in ("task", "finetune", "evaluation")}


def load_training(path: Path | None, overrides: Sequence[str] | None = None) -> TrainingConfig:
    """Read the `training:` block of a config file; the other blocks are not looked at.

    Parameters
    ----------
    path
        None: the defaults.
    overrides
        ``key=value`` with the key's path inside the block, such as
        ``pretrain.views_seen=10000``, or from the top of the file, with ``training.`` before it;
        the value is read as YAML. None: none.

    Raises
    ------
    ConfigError
        If the block is missing, an override is malformed, or a value is not valid.
    InputFileError
        If the file is missing or is no YAML.
    """
    block = {} if path is None else _block(path)
    for override in overrides or ():
        block = _overridden(block, override)
    source = "the defaults" if path is None else str(path)
    return validate_training(block, f"{source} with --set" if overrides else source)


def _block(path: Path) -> Any:
    document = read_yaml(path)
    if document is not None and not isinstance(document, Mapping):
        raise ConfigError(
            f"{path}: expected a mapping of keys to values, with a `training` block; found"
            f" {found(document)}"
        )
    if not document or "training" not in document:
        raise ConfigError(
            f"{path}: no `training` block; add `training: {{}}` to train with the defaults"
        )
    return document["training"]


def _overridden(block: Any, override: str) -> dict[str, Any]:
    key, equals, text = override.partition("=")
    if not equals or not all(key.split(".")):
        raise ConfigError(f"--set {override}: expected key=value, e.g. pretrain.views_seen=10000")
    try:
        value = parse_yaml(text)
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        raise ConfigError(
            f"--set {override}: the value is not YAML: {why_no_yaml(text, error)}"
        ) from None
    # Messages name keys from the top of the file.
    path = key.removeprefix("training.").split(".")
    return _with_value(block, ["training"], path, value)


def _with_value(block: Any, outside: list[str], path: list[str], value: Any) -> dict[str, Any]:
    if block is not None and not isinstance(block, Mapping):
        raise ConfigError(
            f"--set {'.'.join([*outside, *path][1:])}: {'.'.join(outside)} is {found(block)},"
            " expected keys with values"
        )
    head, rest = path[0], path[1:]
    if (outside, path) == (["training", "backbone"], ["size"]):
        return resized(block or {}, value)
    inside = dict(block or {})
    inside[head] = _with_value(inside.get(head), [*outside, head], rest, value) if rest else value
    return inside
