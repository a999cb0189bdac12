"""The tensors a network reads: the service feeds the exported graph the same, under the same names."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

#: Graph inputs in the order of the export, by the names the service knows.
INPUT_NAMES = ("tabular", "concept_ids", "hours_before", "values", "token_mask", "note_vector", "notes_present")


@dataclass(frozen=True, kw_only=True)
class ModalityTensors:
    """A batch. Nothing is standardised or imputed: the networks do that with what their fold taught them.

    ``tabular`` [N, columns], NaN = no value; ``concept_ids`` [N, tokens] int64, 0 = padding; ``hours_before`` and
    ``values`` [N, tokens]; ``token_mask`` [N, tokens], 1 = a token; ``note_vector`` [N, dimension], zeros when absent;
    ``notes_present`` [N, 1].
    """

    tabular: Tensor
    concept_ids: Tensor
    hours_before: Tensor
    values: Tensor
    token_mask: Tensor
    note_vector: Tensor
    notes_present: Tensor

    def __len__(self) -> int:
        return int(self.tabular.shape[0])

    def take(self, index: Tensor) -> ModalityTensors:
        """The rows at ``index``."""
        return ModalityTensors(**{field.name: getattr(self, field.name)[index] for field in fields(self)})

    def trimmed(self) -> ModalityTensors:
        """Without the token positions that are padding in every row: same answers, less work."""
        used = int(self.token_mask.sum(dim=1).max().item()) if len(self) else 0
        width = max(1, min(used, int(self.token_mask.shape[1])))
        return self.replace(
            concept_ids=self.concept_ids[:, :width],
            hours_before=self.hours_before[:, :width],
            values=self.values[:, :width],
            token_mask=self.token_mask[:, :width],
        )

    def replace(self, **changed: Tensor) -> ModalityTensors:
        """A copy with some tensors exchanged."""
        return ModalityTensors(
            **{field.name: changed.get(field.name, getattr(self, field.name)) for field in fields(self)}
        )

    def without_series(self) -> ModalityTensors:
        """As the service sends it when there is no token."""
        return self.replace(
            concept_ids=torch.zeros_like(self.concept_ids),
            hours_before=torch.zeros_like(self.hours_before),
            values=torch.zeros_like(self.values),
            token_mask=torch.zeros_like(self.token_mask),
        )

    def without_notes(self) -> ModalityTensors:
        """As the service sends it when no note could be read."""
        return self.replace(
            note_vector=torch.zeros_like(self.note_vector), notes_present=torch.zeros_like(self.notes_present)
        )

    def to(self, device: torch.device) -> ModalityTensors:
        """The batch on a device."""
        return ModalityTensors(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})
