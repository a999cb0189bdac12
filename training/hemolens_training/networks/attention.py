"""Multi-head self-attention in two forms of the same weights: fused to train, written out to export."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Added to the scores of padding: large enough to vanish in a softmax, small enough never to give NaN.
MASKED = -1e4


class SelfAttention(nn.Module):
    """Self-attention over tokens, masked by key.

    ``explicit`` chooses the written-out form: Linear, MatMul, Softmax, an additive mask, nothing an ONNX export
    breaks on. There is no dropout on the attention itself: it would take the fused kernel away (five times slower on
    a CPU).
    """

    def __init__(self, dimension: int, heads: int) -> None:
        super().__init__()
        if dimension % heads:
            raise ValueError(f"{heads} heads do not divide {dimension}")
        self.heads = heads
        self.explicit = False
        self.query_key_value = nn.Linear(dimension, 3 * dimension)
        self.out = nn.Linear(dimension, dimension)

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """``tokens`` [N, T, d], ``mask`` [N, T] with 1 = a token → [N, T, d]. At least one token a row must be
        valid."""
        batch, length, dimension = tokens.shape
        size = dimension // self.heads
        # [3, N, heads, T, size]
        parts = self.query_key_value(tokens).reshape(batch, length, 3, self.heads, size).permute(2, 0, 3, 1, 4)
        query, key, value = parts[0], parts[1], parts[2]
        bias = ((1.0 - mask) * MASKED)[:, None, None, :]
        if self.explicit:
            scores = torch.matmul(query, key.transpose(2, 3)) * (1.0 / math.sqrt(size)) + bias
            mixed = torch.matmul(torch.softmax(scores, dim=-1), value)
        else:
            mixed = functional.scaled_dot_product_attention(
                query, key, value, attn_mask=bias.expand(-1, -1, length, -1)
            )
        joined: Tensor = self.out(mixed.transpose(1, 2).reshape(batch, length, dimension))
        return joined


class ChannelDropout(nn.Module):
    """Drops a channel of a row in all of its tokens at once: one random number where one a token would cost a fifth
    of a step."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(share)

    def forward(self, tokens: Tensor) -> Tensor:
        """[N, T, d] → [N, T, d]."""
        if not self.training:
            return tokens
        kept: Tensor = self.dropout(torch.ones_like(tokens[:, :1, :]))
        return tokens * kept


class AttentionBlock(nn.Module):
    """Pre-norm transformer block: attention, then two linear layers with GELU."""

    def __init__(self, dimension: int, heads: int, *, dropout: float) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(dimension)
        self.attention = SelfAttention(dimension, heads)
        self.norm_mlp = nn.LayerNorm(dimension)
        self.mlp = nn.Sequential(nn.Linear(dimension, 2 * dimension), nn.GELU(), nn.Linear(2 * dimension, dimension))
        self.dropout = ChannelDropout(dropout)

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """[N, T, d], [N, T] → [N, T, d]."""
        tokens = tokens + self.dropout(self.attention(self.norm_attention(tokens), mask))
        out: Tensor = tokens + self.dropout(self.mlp(self.norm_mlp(tokens)))
        return out


def set_explicit(module: nn.Module, *, explicit: bool) -> None:
    """Chooses the form of every attention inside ``module``."""
    for part in module.modules():
        if isinstance(part, SelfAttention):
            part.explicit = explicit


def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """Softmax over the last axis among the valid; at least one must be. Exported as it stands."""
    return torch.softmax(scores + (1.0 - mask) * MASKED, dim=-1)
