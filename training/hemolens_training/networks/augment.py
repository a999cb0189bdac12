"""What a training batch loses at random, so that the network has met every gap that serving may bring."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hemolens_training.networks.tensors import ModalityTensors


@dataclass(frozen=True, kw_only=True)
class DropoutConfig:
    """Shares of rows (of concepts for ``concept``) that lose something in each batch."""

    notes: float
    series: float
    concept: float
    source: float
    foreign: float
    #: The batch keeps a random share of its tokens between this and 1: a regulariser, and attention costs their square.
    fewest_tokens: float


@dataclass(frozen=True, kw_only=True)
class Dropper:
    """Masks whole concepts, sources and modalities, in columns and tokens alike.

    ``column_group`` [C] and ``token_group`` [concepts + 1] number the concepts; ``source_columns`` [sources, C] and
    ``source_tokens`` [sources, concepts + 1] say what is lost with a source; the ``foreign`` pair what another
    source of training data never has.
    """

    config: DropoutConfig
    column_group: Tensor
    token_group: Tensor
    source_columns: Tensor
    source_tokens: Tensor
    foreign_columns: Tensor
    foreign_tokens: Tensor

    def __call__(self, batch: ModalityTensors, generator: torch.Generator) -> ModalityTensors:
        """A copy of the batch with its losses."""
        n = len(batch)

        def chance(share: float, *shape: int) -> Tensor:
            return torch.rand(*shape, generator=generator) < share

        groups = 1 + max(int(self.column_group.max()), int(self.token_group.max()))
        dropped = chance(self.config.concept, n, groups)
        lost_columns = dropped[:, self.column_group]
        lost_ids = dropped[:, self.token_group]
        if len(self.source_columns):
            which = torch.randint(len(self.source_columns), (n,), generator=generator)
            hit = chance(self.config.source, n, 1)
            lost_columns = lost_columns | (hit & self.source_columns[which])
            lost_ids = lost_ids | (hit & self.source_tokens[which])
        hit = chance(self.config.foreign, n, 1)
        lost_columns = lost_columns | (hit & self.foreign_columns)
        lost_ids = lost_ids | (hit & self.foreign_tokens)
        kept = ~torch.gather(lost_ids, 1, batch.concept_ids) & ~chance(self.config.series, n, 1)
        notes = batch.notes_present * (~chance(self.config.notes, n, 1)).float()
        changed = batch.replace(
            tabular=torch.where(lost_columns, torch.nan, batch.tabular),
            token_mask=batch.token_mask * kept.float(),
            note_vector=batch.note_vector * notes,
            notes_present=notes,
        )
        return thinned(changed, share=self._share(generator), generator=generator)

    def _share(self, generator: torch.Generator) -> float:
        fewest = self.config.fewest_tokens
        return fewest + (1.0 - fewest) * float(torch.rand(1, generator=generator))


def thinned(batch: ModalityTensors, *, share: float, generator: torch.Generator) -> ModalityTensors:
    """At most ``share`` of the longest row's tokens, chosen at random row by row, in their order, without gaps."""
    longest = int(batch.token_mask.sum(dim=1).max())
    width = max(1, round(share * longest))
    chance = torch.rand(batch.token_mask.shape, generator=generator)
    # Tokens before padding, in random order; then the chosen back in the order of time.
    chosen = torch.argsort(chance + 2.0 * (batch.token_mask == 0), dim=1)[:, :width].sort(dim=1).values
    mask = torch.gather(batch.token_mask, 1, chosen)
    order = torch.argsort(1.0 - mask, dim=1, stable=True)
    at = torch.gather(chosen, 1, order)
    return batch.replace(
        concept_ids=torch.gather(batch.concept_ids, 1, at),
        hours_before=torch.gather(batch.hours_before, 1, at),
        values=torch.gather(batch.values, 1, at),
        token_mask=torch.gather(batch.token_mask, 1, at),
    )


def make_dropper(
    config: DropoutConfig,
    *,
    column_concepts: tuple[str, ...],
    column_sources: tuple[tuple[str, ...], ...],
    series_concepts: tuple[str, ...],
    series_sources: tuple[str, ...],
    sources: tuple[str, ...],
    foreign_columns: NDArray[np.bool_],
    foreign_concepts: NDArray[np.bool_],
) -> Dropper:
    """``foreign_concepts`` has one entry a concept of the series (padding left out)."""
    number = {name: i for i, name in enumerate(dict.fromkeys([*column_concepts, *series_concepts]))}
    padding = [False]
    return Dropper(
        config=config,
        column_group=torch.tensor([number[c] for c in column_concepts]),
        token_group=torch.tensor([0, *[number[c] for c in series_concepts]]),
        source_columns=torch.tensor([[s in own for own in column_sources] for s in sources], dtype=torch.bool),
        source_tokens=torch.tensor([padding + [own == s for own in series_sources] for s in sources], dtype=torch.bool),
        foreign_columns=torch.from_numpy(foreign_columns),
        foreign_tokens=torch.tensor(padding + foreign_concepts.tolist(), dtype=torch.bool),
    )
