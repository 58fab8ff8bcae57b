"""Multi-head attention, and the two kinds of blocks of the particle transformer."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Attention(nn.Module):
    """Multi-head attention with a bias on the scores: softmax(Q Kᵀ / √d + U) V."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.mix = nn.Linear(width, width)

    def forward(self, asking: Tensor, asked: Tensor, bias: Tensor) -> Tensor:
        """Attend from ``asking`` (n, Q, C) to ``asked`` (n, K, C).

        Parameters
        ----------
        bias
            U, broadcastable to (n, heads, Q, K).

        Returns
        -------
        (n, Q, C)
        """
        query = self._split(self.query(asking))
        key, value = map(self._split, self.key_value(asked).chunk(2, dim=-1))
        attended = functional.scaled_dot_product_attention(
            query, key, value, attn_mask=bias.to(query.dtype)
        )
        mixed: Tensor = self.mix(attended.transpose(1, 2).flatten(2))
        return mixed

    def _split(self, x: Tensor) -> Tensor:
        n, places, width = x.shape
        return x.view(n, places, self.heads, width // self.heads).transpose(1, 2)


class Block(nn.Module):
    """Attention, then two dense layers, each added to what came in (NormFormer, arXiv:2110.09456).

    There is a normalisation before the attention and one after it, and one before each dense layer.
    """

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.before = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.after = nn.LayerNorm(width)
        self.dense = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 4 * width),
            nn.GELU(),
            nn.LayerNorm(4 * width),
            nn.Linear(4 * width, width),
        )

    def _finish(self, x: Tensor, attended: Tensor) -> Tensor:
        x = x + self.after(attended)
        finished: Tensor = x + self.dense(x)
        return finished


class ParticleBlock(Block):
    """Constituents attend to each other."""

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """Map constituents (n, P, C), with a bias (n, heads, P, P), to (n, P, C)."""
        normalised = self.before(x)
        return self._finish(x, self.attention(normalised, normalised, bias))


class ClassBlock(Block):
    """A token attends to itself and to the constituents (class attention, arXiv:2103.17239)."""

    def forward(self, token: Tensor, x: Tensor, bias: Tensor) -> Tensor:
        """Map a token (n, 1, C) beside constituents (n, P, C) to (n, 1, C).

        Parameters
        ----------
        bias
            (n, 1, 1, 1 + P)
        """
        asked = self.before(torch.cat([token, x], dim=1))
        return self._finish(token, self.attention(asked[:, :1], asked, bias))
