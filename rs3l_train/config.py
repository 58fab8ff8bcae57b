"""The `training:` block of the config: every setting, its default and its meaning.

The defaults are those of the RS3L paper (arXiv:2403.07066) where it states them, except for the
inputs, which leave out what lets the network recognise the views of a jet without looking at its
physics (see `docs/training.md`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, model_validator

from rs3l_data.describe.strict import Strict, read_yaml, validate
from rs3l_data.errors import ConfigError

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Fraction = Annotated[float, Field(gt=0, lt=1)]


class DataConfig(Strict):
    """What the network sees of the dataset."""

    views: tuple[str, ...] | None = Field(
        default=None,
        min_length=2,
        description="names of the views to train on; null: all of the dataset",
    )
    labels: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="labels of the jets to pretrain on; null: all"
    )
    constituents: Count = Field(
        default=48, description="the hardest constituents of a jet that are used"
    )
    inputs: Literal["shortcut_free", "rs3l"] = Field(
        default="shortcut_free",
        description="features of a constituent: `rs3l` is the paper's list, `shortcut_free` has no"
        " energy (which with pT gives |eta|) but the impact parameters' significances",
    )
    rotation: bool = Field(
        default=True,
        description="rotate and reflect each view on its own about the jet axis in training, so"
        " that the orientation of the hard decay does not identify the jet",
    )


class BackboneConfig(Strict):
    """The network that turns constituents into an embedding."""

    name: Literal["edgeconv"] = Field(default="edgeconv", description="dynamic edge convolutions")
    width: Count = Field(default=128, description="features of a constituent inside the network")
    layers: Count = Field(default=3, description="dynamic edge convolutions, one after the other")
    neighbours: Count = Field(
        default=24, description="nearest neighbours, the constituent included"
    )
    output: tuple[Count, ...] = Field(
        default=(64, 32, 32, 8),
        min_length=1,
        description="widths of the layers after pooling; the last is the embedding's dimension",
    )


class ObjectiveConfig(Strict):
    """What pretraining minimises."""

    name: Literal["ntxent"] = Field(default="ntxent", description="the contrastive loss of SimCLR")
    temperature: Positive = Field(
        default=0.1, description="temperature of the softmax over cosines"
    )


class PretrainConfig(Strict):
    """How pretraining runs."""

    views_seen: Count = Field(
        default=500_000, description="budget: jets' views passed through the network"
    )
    seconds: Positive | None = Field(
        default=None,
        description="stop after this time [s] even if the budget is not used; null: never",
    )
    jets_per_batch: int = Field(
        default=64, ge=2, description="jets of a batch, each with several views"
    )
    views_per_jet: int | None = Field(
        default=None, ge=2, description="views of a jet in a batch, drawn anew each time; null: all"
    )
    learning_rate: Positive = Field(default=1e-3, description="of Adam, at its highest")
    schedule: Literal["cosine", "step", "constant"] = Field(
        default="cosine", description="`step` halves the learning rate as the paper does"
    )
    halve_every_epochs: Count = Field(default=50, description="for the schedule `step`")
    warmup: float = Field(
        default=0.02,
        ge=0,
        lt=1,
        description="part of the budget over which the learning rate rises",
    )
    gradient_clip: Positive = Field(default=1.0, description="largest norm of the gradient")
    validation_jets: int = Field(
        default=1000, ge=4, description="validation jets of each validation"
    )


class TaskConfig(Strict):
    """What is tagged, and with how many labels."""

    signal: tuple[str, ...] = Field(
        default=("Hbb",), min_length=1, description="labels of the signal"
    )
    background: tuple[str, ...] = Field(
        default=("q", "c", "b", "g"), min_length=1, description="labels of the background"
    )
    labels: tuple[Annotated[int, Field(ge=4)], ...] = Field(
        default=(100, 1000),
        min_length=1,
        description="numbers of labelled jets to train on, half of them signal",
    )
    seeds: Count = Field(default=3, description="independent draws of the labelled jets")
    validation_labels: int = Field(
        default=700, ge=4, description="labelled validation jets at most, for early stopping"
    )

    @model_validator(mode="after")
    def _disjoint(self) -> TaskConfig:
        both = sorted(set(self.signal) & set(self.background))
        if both:
            raise ValueError(f"{', '.join(both)}: signal and background at once; keep one of them")
        return self


class FinetuneConfig(Strict):
    """How a network is trained on labels: fine-tuned, or from scratch."""

    views_per_batch: Count = Field(default=128, description="views of labelled jets in a batch")
    learning_rate: Positive = Field(
        default=1e-3, description="of the head, and of all from scratch"
    )
    backbone_learning_rate: Positive = Field(default=1e-4, description="of a pretrained backbone")
    max_views_seen: Count = Field(default=300_000, description="budget of one training")
    validate_every: Count = Field(default=5000, description="views seen between two validations")
    patience: Count = Field(
        default=6, description="validations without a better AUC before the next is done"
    )
    drops: int = Field(
        default=1,
        ge=0,
        description="times that the learning rate is divided by ten, starting again from the best"
        " weights, before the training stops",
    )
    gradient_clip: Positive = Field(default=1.0, description="largest norm of the gradient")


class EvaluationConfig(Strict):
    """What is measured on the test split."""

    efficiencies: tuple[Fraction, ...] = Field(
        default=(0.3, 0.5, 0.7), min_length=1, description="signal efficiencies of the rejections"
    )
    signal_mass: Positive = Field(
        default=125.0, description="centre of the soft-drop mass window of the baseline [GeV]"
    )
    max_jets: Count | None = Field(default=None, description="test jets of the task; null: all")


class TrainingConfig(Strict):
    """The `training:` block."""

    seed: int = Field(default=1, ge=0, description="seed of everything random in training")
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="auto: a GPU if there is"
    )
    threads: Count | None = Field(default=None, description="CPU threads; null: PyTorch's choice")
    data: DataConfig = Field(default=DataConfig(), description="what the network sees")
    backbone: BackboneConfig = Field(default=BackboneConfig(), description="the network")
    objective: ObjectiveConfig = Field(
        default=ObjectiveConfig(), description="the pretraining loss"
    )
    pretrain: PretrainConfig = Field(default=PretrainConfig(), description="how pretraining runs")
    task: TaskConfig = Field(default=TaskConfig(), description="what is tagged")
    finetune: FinetuneConfig = Field(default=FinetuneConfig(), description="how labels are learned")
    evaluation: EvaluationConfig = Field(default=EvaluationConfig(), description="what is measured")


def validate_training(data: Mapping[str, Any], source: str) -> TrainingConfig:
    """Validate a `training:` block.

    Raises
    ------
    ConfigError
        For an unknown key or a bad value, naming its path.
    """
    return validate(TrainingConfig, data, f"{source}: training")


def load_training(path: Path, overrides: Iterable[str] = ()) -> TrainingConfig:
    """Read the `training:` block of a config file; the other blocks are not looked at.

    Parameters
    ----------
    overrides
        ``key=value`` with the key's path inside the block, such as
        ``pretrain.views_seen=10000``; the value is read as YAML.

    Raises
    ------
    ConfigError
        If the block is missing, an override is malformed, or a value is not valid.
    InputFileError
        If the file is missing or is no YAML.
    """
    document = read_yaml(path)
    if not isinstance(document, Mapping) or "training" not in document:
        raise ConfigError(
            f"{path}: no `training` block; add `training: {{}}` to train with the defaults"
        )
    block = document["training"]
    for override in overrides:
        block = _overridden(block, override)
    return validate_training(block, str(path))


def _overridden(block: Any, override: str) -> dict[str, Any]:
    key, equals, text = override.partition("=")
    if not equals or not all(key.split(".")):
        raise ConfigError(f"--set {override}: expected key=value, e.g. pretrain.views_seen=10000")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {override}: the value is not YAML: {error}") from None
    return _with_value(block, key.split("."), value)


def _with_value(block: Any, path: list[str], value: Any) -> dict[str, Any]:
    head, rest = path[0], path[1:]
    inside = dict(block) if isinstance(block, Mapping) else {}
    inside[head] = _with_value(inside.get(head), rest, value) if rest else value
    return inside
