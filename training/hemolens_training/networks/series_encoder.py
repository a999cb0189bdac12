"""What every encoder of irregular series is: tokens in, one vector out. Another encoder is another file like
strats.py."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class SeriesEncoderConfig:
    """Size of a network: ``kind`` is its key in :data:`hemolens_training.networks.encoders.ENCODERS`.

    ``column_dropout`` is the share of tabular inputs a row loses in training.
    """

    kind: str
    dimension: int
    layers: int
    heads: int
    dropout: float
    column_dropout: float


class SeriesEncoder(nn.Module, ABC):
    """Encodes one patient's tokens and static context into a vector."""

    @abstractmethod
    def forward(
        self, concept_ids: Tensor, hours_before: Tensor, values: Tensor, mask: Tensor, context: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Tokens [N, T] (values standardised, newest first), ``context`` [N, d] → (vector [N, d], attention [N, T +
        1]).

        Position 0 of the attention is the context, which is always valid: a row without a token is no special case.
        The attention says what was read, it is no contribution.
        """
