"""The multimodal network: one vector a modality, a gate over those that are there, heads for all and for each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hemolens_training.networks.attention import masked_softmax
from hemolens_training.networks.encoders import make_encoder
from hemolens_training.networks.scaling import ColumnScaler, ValueScaler
from hemolens_training.networks.series_encoder import SeriesEncoderConfig
from hemolens_training.networks.tensors import ModalityTensors

MODALITIES = ("tabular", "series", "notes")


@dataclass(frozen=True, kw_only=True)
class NetworkShape:
    """What the data decide: columns of the spec, which of them are context of the series, concepts, note dimension."""

    columns: int
    context_columns: tuple[int, ...]
    concepts: int
    note_dimension: int
    targets: int


@dataclass(frozen=True, kw_only=True)
class NetworkOutput:
    """Log-odds by head, each [N, targets]; ``gate`` [N, 3] over MODALITIES; ``attention`` [N, T + 1]."""

    fusion: Tensor
    tabular: Tensor
    series: Tensor
    notes: Tensor
    gate: Tensor
    attention: Tensor


class MultimodalNetwork(nn.Module):
    """Reads raw tensors; scales are buffers learned with :meth:`fit_scales` from the rows it is trained on."""

    def __init__(self, config: SeriesEncoderConfig, shape: NetworkShape) -> None:
        super().__init__()
        self.config, self.shape = config, shape
        d = config.dimension
        self.columns = ColumnScaler(shape.columns)
        self.values = ValueScaler(shape.concepts)
        self.register_buffer("context_columns", torch.tensor(shape.context_columns, dtype=torch.int64))
        self.context = nn.Linear(2 * len(shape.context_columns), d)
        self.encoder = make_encoder(config, concepts=shape.concepts)
        # Hundreds of columns for thousands of rows: many are dropped at random, or the branch learns rows by heart.
        self.tabular = nn.Sequential(
            nn.Dropout(config.column_dropout), nn.Linear(2 * shape.columns, d), nn.GELU(), nn.Dropout(config.dropout)
        )
        self.notes = nn.Sequential(nn.Dropout(config.dropout), nn.Linear(shape.note_dimension, d), nn.Tanh())
        self.gate = nn.ModuleList([nn.Linear(d, 1) for _ in MODALITIES])
        self.heads = nn.ModuleDict({name: nn.Linear(d, shape.targets) for name in MODALITIES})
        self.mixer = nn.Sequential(nn.Linear(4 * d, d), nn.GELU(), nn.Dropout(config.dropout))
        self.heads["fusion"] = nn.Linear(d, shape.targets)

    context_columns: Tensor

    def fit_scales(self, rows: ModalityTensors) -> None:
        """Learns scales of columns and concepts not met before; weights of newly met ones start at 0."""
        had_columns = bool(self.columns.used.any())
        new = self.columns.fit(rows.tabular.numpy())
        if had_columns:
            self._silence(new)
        self.values.fit(rows.concept_ids.numpy(), rows.values.numpy())

    def _silence(self, new: NDArray[np.bool_]) -> None:
        at = torch.from_numpy(np.flatnonzero(new))
        context = torch.from_numpy(np.flatnonzero(new[self.context_columns.numpy()]))
        first = self.tabular[1]
        assert isinstance(first, nn.Linear)
        with torch.no_grad():
            for layer, index, width in (
                (first, at, self.shape.columns),
                (self.context, context, len(self.shape.context_columns)),
            ):
                layer.weight[:, index] = 0.0
                layer.weight[:, index + width] = 0.0

    def forward(self, batch: ModalityTensors) -> NetworkOutput:
        """Log-odds by every head; an absent modality is masked out of the gate and of the fusion."""
        columns = self.columns(batch.tabular)
        series, attention, mask = self._series(
            columns, batch.concept_ids, batch.hours_before, batch.values, batch.token_mask
        )
        vectors = [self.tabular(columns), series, self.notes(batch.note_vector)]
        has_series = (mask.sum(dim=1, keepdim=True) > 0).to(columns.dtype)
        present = torch.cat([torch.ones_like(has_series), has_series, batch.notes_present], dim=1)
        scores = torch.cat([layer(vector) for layer, vector in zip(self.gate, vectors, strict=True)], dim=1)
        gate = masked_softmax(scores, present)
        masked = [vector * present[:, i : i + 1] for i, vector in enumerate(vectors)]
        blended = torch.matmul(gate.unsqueeze(1), torch.stack(masked, dim=1)).squeeze(1)
        return NetworkOutput(
            fusion=self.heads["fusion"](self.mixer(torch.cat([blended, *masked], dim=1))),
            tabular=self.heads["tabular"](vectors[0]),
            series=self.heads["series"](vectors[1]),
            notes=self.heads["notes"](vectors[2]),
            gate=gate,
            attention=attention,
        )

    def series_logits(
        self, tabular: Tensor, concept_ids: Tensor, hours_before: Tensor, values: Tensor, token_mask: Tensor
    ) -> Tensor:
        """Log-odds of the series head alone, [N, targets]: tokens and the context columns."""
        series, _, _ = self._series(self.columns(tabular), concept_ids, hours_before, values, token_mask)
        out: Tensor = self.heads["series"](series)
        return out

    def _series(
        self, columns: Tensor, concept_ids: Tensor, hours_before: Tensor, values: Tensor, token_mask: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        own = torch.cat([self.context_columns, self.context_columns + self.shape.columns])
        standardised, mask = self.values(concept_ids, values, token_mask)
        vector, attention = self.encoder(concept_ids, hours_before, standardised, mask, self.context(columns[:, own]))
        return vector, attention, mask

    def set_base_rates(self, rates: Tensor) -> None:
        """Starts every head at the log-odds of the base rates [targets]."""
        bias = torch.log(rates / (1 - rates))
        with torch.no_grad():
            for layer in self.heads.values():
                assert isinstance(layer, nn.Linear)
                layer.bias.copy_(bias)
