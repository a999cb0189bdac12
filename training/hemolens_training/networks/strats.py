"""Triplet attention in the manner of STraTS: (concept, time, value) tokens, self-attention, attention pooling.

After Tipirneni S, Reddy CK. Self-Supervised Transformer for Sparse and Irregularly Sampled Multivariate Clinical
Time-Series. ACM TKDD 2022 (arXiv 2107.14293); own implementation.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from hemolens_training.networks.attention import AttentionBlock, masked_softmax
from hemolens_training.networks.series_encoder import SeriesEncoder, SeriesEncoderConfig


class ScalarEmbedding(nn.Module):
    """A number as a vector: two linear layers with tanh between (continuous value embedding)."""

    def __init__(self, dimension: int) -> None:
        super().__init__()
        hidden = max(4, int(dimension**0.5))
        self.layers = nn.Sequential(nn.Linear(1, hidden), nn.Tanh(), nn.Linear(hidden, dimension))

    def forward(self, scalar: Tensor) -> Tensor:
        """[N, T] → [N, T, d]."""
        out: Tensor = self.layers(scalar.unsqueeze(-1))
        return out


class Strats(SeriesEncoder):
    """Token = concept embedding + time embedding + value embedding; the context is a token of its own."""

    def __init__(self, config: SeriesEncoderConfig, *, concepts: int) -> None:
        super().__init__()
        self.concept = nn.Embedding(concepts + 1, config.dimension, padding_idx=0)
        self.time = ScalarEmbedding(config.dimension)
        self.value = ScalarEmbedding(config.dimension)
        self.blocks = nn.ModuleList(
            [AttentionBlock(config.dimension, config.heads, dropout=config.dropout) for _ in range(config.layers)]
        )
        self.norm = nn.LayerNorm(config.dimension)
        self.pooling = nn.Sequential(
            nn.Linear(config.dimension, config.dimension), nn.Tanh(), nn.Linear(config.dimension, 1, bias=False)
        )

    def forward(
        self, concept_ids: Tensor, hours_before: Tensor, values: Tensor, mask: Tensor, context: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See :class:`SeriesEncoder`."""
        # Days, so that the scale is that of a standardised value.
        tokens = self.concept(concept_ids) + self.time(hours_before / 24.0) + self.value(values)
        tokens = torch.cat([context.unsqueeze(1), tokens], dim=1)
        valid = torch.cat([torch.ones_like(mask[:, :1]), mask], dim=1)
        for block in self.blocks:
            tokens = block(tokens, valid)
        tokens = self.norm(tokens)
        attention = masked_softmax(self.pooling(tokens).squeeze(-1), valid)
        return torch.matmul(attention.unsqueeze(1), tokens).squeeze(1), attention
