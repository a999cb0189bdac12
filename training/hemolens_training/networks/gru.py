"""The cheap second encoder: a gated recurrent unit over the tokens in order of time, oldest first."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from hemolens_training.networks.series_encoder import SeriesEncoder, SeriesEncoderConfig
from hemolens_training.networks.strats import ScalarEmbedding


class TokenGru(SeriesEncoder):
    """Tokens as in STraTS, read by a GRU; the state after the newest token is the vector."""

    def __init__(self, config: SeriesEncoderConfig, *, concepts: int) -> None:
        super().__init__()
        self.concept = nn.Embedding(concepts + 1, config.dimension, padding_idx=0)
        self.time = ScalarEmbedding(config.dimension)
        self.value = ScalarEmbedding(config.dimension)
        self.gru = nn.GRU(config.dimension, config.dimension, num_layers=config.layers, batch_first=True)
        self.norm = nn.LayerNorm(config.dimension)

    def forward(
        self, concept_ids: Tensor, hours_before: Tensor, values: Tensor, mask: Tensor, context: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See :class:`SeriesEncoder`. The attention is even over all that was read."""
        tokens = self.concept(concept_ids) + self.time(hours_before / 24.0) + self.value(values)
        # Tokens come newest first; padding stands at the end and so is read first, as zeros.
        oldest_first = torch.flip(tokens * mask.unsqueeze(-1), dims=[1])
        states, _ = self.gru(torch.cat([oldest_first, context.unsqueeze(1)], dim=1))
        valid = torch.cat([torch.ones_like(mask[:, :1]), mask], dim=1)
        return self.norm(states[:, -1]), valid / valid.sum(dim=1, keepdim=True)
