"""What a fold teaches about scales, kept inside the network so that the exported graph reads raw values."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hemolens_training.trees import FloatRows

#: Standardised values beyond this are pulled in, so that one wild value cannot lead.
CLIP = 5.0
#: A column or concept seen in fewer training rows teaches nothing: it is left out, also when another site has it.
FEWEST = 50


class ColumnScaler(nn.Module):
    """Raw columns [N, C] with NaN → [N, 2C]: standardised values (0 where missing) and missing indicators.

    Columns seen in fewer than :data:`FEWEST` rows give 0 twice.
    """

    centre: Tensor
    scale: Tensor
    used: Tensor

    def __init__(self, columns: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(columns))
        self.register_buffer("scale", torch.ones(columns))
        self.register_buffer("used", torch.zeros(columns))

    def fit(self, features: FloatRows) -> NDArray[np.bool_]:
        """Learns columns not yet in use; returns which are new. What an earlier source taught stays."""
        seen = (~np.isnan(features)).sum(axis=0)
        new = (seen >= FEWEST) & (self.used.numpy() == 0)
        for column in np.flatnonzero(new):
            values = features[:, column]
            values = values[~np.isnan(values)].astype(np.float64)
            low, middle, high = np.percentile(values, [5, 50, 95])
            width = (high - low) / 3.29 if high > low else float(values.std())
            self.centre[column] = float(middle)
            self.scale[column] = width if width > 0 else 1.0
            self.used[column] = 1.0
        return np.asarray(new)

    def forward(self, features: Tensor) -> Tensor:
        """[N, C] → [N, 2C]."""
        missing = torch.isnan(features)
        filled = torch.where(missing, self.centre.expand_as(features), features)
        standardised = torch.clamp((filled - self.centre) / self.scale, -CLIP, CLIP) * self.used
        return torch.cat([standardised, missing.to(features.dtype) * self.used], dim=1)


class ValueScaler(nn.Module):
    """Token values by concept: robustly standardised, and which concepts the training rows taught."""

    centre: Tensor
    scale: Tensor
    used: Tensor

    def __init__(self, concepts: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(concepts + 1))
        self.register_buffer("scale", torch.ones(concepts + 1))
        self.register_buffer("used", torch.zeros(concepts + 1))

    def fit(self, concept_ids: NDArray[np.int64], values: FloatRows) -> NDArray[np.bool_]:
        """Learns concepts not yet in use from [rows, tokens]; returns which are new (index 0 is padding)."""
        new = np.zeros(len(self.used), dtype=bool)
        rows_with = np.zeros(len(self.used), dtype=np.int64)
        for row in concept_ids:
            rows_with[np.unique(row)] += 1
        for concept in range(1, len(self.used)):
            if self.used[concept] != 0 or rows_with[concept] < FEWEST:
                continue
            own = values[concept_ids == concept].astype(np.float64)
            low, middle, high = np.percentile(own, [5, 50, 95])
            width = (high - low) / 3.29 if high > low else float(own.std())
            self.centre[concept] = float(middle)
            self.scale[concept] = width if width > 0 else 1.0
            self.used[concept] = 1.0
            new[concept] = True
        return new

    def forward(self, concept_ids: Tensor, values: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """[N, T] each → (standardised values [N, T], mask without unknown concepts [N, T])."""
        standardised = (values - self.centre[concept_ids]) / self.scale[concept_ids]
        return torch.clamp(standardised, -CLIP, CLIP), mask * self.used[concept_ids]
