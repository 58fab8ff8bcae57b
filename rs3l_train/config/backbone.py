"""The network that is trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from rs3l_data.describe.strict import Strict
from rs3l_train.config.announced import with_announced
from rs3l_train.config.numbers import Count
from rs3l_train.own import OwnBackbone

Widths = tuple[Count, ...]

SIZES: dict[str, dict[str, Any]] = {
    "0.1M": {"width": 48, "heads": 6, "layers": 2, "class_layers": 1, "pair_widths": (16, 16)},
    "0.3M": {"width": 64, "heads": 8, "layers": 4, "class_layers": 1, "pair_widths": (16, 16)},
    "1M": {"width": 128, "heads": 8, "layers": 3, "class_layers": 1, "pair_widths": (32, 32)},
    "2M": {"width": 128, "heads": 8, "layers": 8, "class_layers": 2, "pair_widths": (64, 64, 64)},
    "3M": {"width": 192, "heads": 8, "layers": 5, "class_layers": 1, "pair_widths": (32, 32)},
    "10M": {"width": 256, "heads": 8, "layers": 10, "class_layers": 2, "pair_widths": (64, 64)},
}
"""Shapes of the transformer by their number of parameters; `2M` is that of arXiv:2202.03772"""


class EdgeConvConfig(Strict):
    """Dynamic edge convolutions: the network of the RS3L paper."""

    name: Literal["edgeconv"] = Field(default="edgeconv", description="dynamic edge convolutions")
    width: Count = Field(default=128, description="features of a constituent inside the network")
    layers: Count = Field(default=3, description="dynamic edge convolutions, one after the other")
    neighbours: Count = Field(
        default=24, description="nearest neighbours, the constituent included"
    )
    output: Widths = Field(
        default=(64, 32, 32, 8),
        min_length=1,
        description="widths of the layers after pooling; the last is the embedding's dimension",
    )


class TransformerConfig(Strict):
    """The particle transformer."""

    name: Literal["transformer"] = Field(
        default="transformer", description="attention with pairwise features"
    )
    size: Literal["0.1M", "0.3M", "1M", "2M", "3M", "10M"] = Field(
        default="1M",
        description="number of parameters, which gives the keys below their defaults;"
        " `2M` is the network of arXiv:2202.03772",
    )
    width: Count = Field(default=128, description="features of a constituent inside the network")
    heads: Count = Field(default=8, description="heads of the attention; they divide the width")
    layers: Count = Field(default=3, description="particle attention blocks")
    class_layers: Count = Field(default=1, description="class attention blocks")
    pair_widths: Widths = Field(
        default=(32, 32), description="hidden widths of the network that makes the attention bias"
    )
    output: Widths = Field(
        default=(64,),
        min_length=1,
        description="widths of the layers after pooling; the last is the embedding's dimension",
    )

    @model_validator(mode="before")
    @classmethod
    def _sized(cls, data: Any) -> Any:
        """Fill in what the size gives; an unknown size is left for validation to name."""
        if not isinstance(data, Mapping):
            return data
        size = data.get("size", cls.model_fields["size"].default)
        return {**SIZES.get(size, {}), **data} if isinstance(size, str) else data

    @model_validator(mode="after")
    def _heads_divide_width(self) -> TransformerConfig:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is no multiple of heads {self.heads}")
        return self


def resized(backbone: Mapping[str, Any], size: Any) -> dict[str, Any]:
    """Give a transformer another size; keys that say no more than its own size did go with that.

    A network's saved settings have all keys, which would keep their values otherwise.
    """
    own = SIZES.get(str(backbone.get("size")), {})
    shape = {key: [*value] if isinstance(value, tuple) else value for key, value in own.items()}
    kept = {
        key: value for key, value in backbone.items() if key not in shape or value != shape[key]
    }
    return {**kept, "size": size}


_Shipped = EdgeConvConfig | TransformerConfig
if TYPE_CHECKING:
    BackboneConfig = _Shipped | OwnBackbone
else:
    BackboneConfig = with_announced(_Shipped, "rs3l_train.backbones", OwnBackbone, "edgeconv")
