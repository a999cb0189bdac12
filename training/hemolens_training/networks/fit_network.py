"""The training loop: multi-task log-loss over all heads, AdamW on a one-cycle schedule, the same on every machine
type."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from hemolens_training.metrics import Vector
from hemolens_training.networks.augment import Dropper
from hemolens_training.networks.multimodal import MultimodalNetwork, NetworkOutput
from hemolens_training.networks.tensors import ModalityTensors


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    """How long and how fast. ``head_weights`` by head, ``target_weights`` by target, first the main one."""

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    head_weights: dict[str, float]
    target_weights: list[float]


@dataclass(frozen=True, kw_only=True)
class FitRows:
    """Tensors with targets [N, K] (NaN = unknown), weights [N], and the group of which one row is met an epoch."""

    tensors: ModalityTensors
    targets: Vector
    weight: Vector
    group: NDArray[np.str_]


def device_of() -> torch.device:
    """CUDA where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def fit_network(
    network: MultimodalNetwork,
    rows: FitRows,
    config: FitConfig,
    *,
    dropper: Dropper | None,
    seed: int,
    progress: Callable[[str], None] = lambda _: None,
) -> MultimodalNetwork:
    """Trains ``network`` in place for the given epochs and returns it in evaluation mode, on the CPU.

    Raises ValueError when a target has one class only.
    """
    require_both_classes(rows.targets[:, 0])
    device = device_of()
    network.to(device).train()
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    rng = np.random.default_rng(seed)
    members = _members(rows.group)
    group_weight = np.array([rows.weight[own].sum() for own in members])
    lengths = rows.tensors.token_mask.sum(dim=1).numpy()
    steps = config.epochs * -(-len(members) // config.batch_size)
    optimiser = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=config.learning_rate, total_steps=max(2, steps), pct_start=0.2
    )
    targets = torch.from_numpy(rows.targets.astype(np.float32))
    target_weights = torch.tensor(config.target_weights, dtype=torch.float32, device=device)
    scale = 1.0 / float(group_weight.mean())
    for epoch in range(config.epochs):
        total, seen = 0.0, 0
        chosen = np.array([own[rng.integers(len(own))] for own in members])
        for at in _batches(chosen, lengths, config.batch_size, rng):
            batch = rows.tensors.take(torch.from_numpy(chosen[at]))
            if dropper is not None:
                batch = dropper(batch, generator)
            weight = torch.from_numpy((group_weight[at] * scale).astype(np.float32)).to(device)
            output = network(batch.trimmed().to(device))
            loss = _loss(
                output, targets[chosen[at]].to(device), weight, batch.notes_present.to(device), config, target_weights
            )
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total, seen = total + float(loss.detach()) * len(at), seen + len(at)
        progress(f"epoch {epoch + 1} of {config.epochs}: loss {total / max(1, seen):.4f}")
    return network.to(torch.device("cpu")).eval()


def require_both_classes(label: Vector) -> None:
    """Raises ValueError when the known labels are of one class, or none is known."""
    known = label[~np.isnan(label)]
    if not (0 < known.sum() < len(known)):
        raise ValueError(f"{len(known)} rows with a known label, {int(known.sum())} events: both classes are needed")


def _members(group: NDArray[np.str_]) -> list[NDArray[np.int64]]:
    _, inverse = np.unique(group, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    bounds = np.flatnonzero(np.diff(inverse[order])) + 1
    return [own.astype(np.int64) for own in np.split(order, bounds)]


def _batches(
    chosen: NDArray[np.int64], lengths: NDArray[np.float32], size: int, rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Batches of like length (less padding), in random order."""
    order = rng.permutation(len(chosen))
    wide = 8 * size
    batches: list[NDArray[np.int64]] = []
    for start in range(0, len(order), wide):
        own = order[start : start + wide]
        own = own[np.argsort(lengths[chosen[own]], kind="stable")]
        batches.extend(own[at : at + size] for at in range(0, len(own), size))
    for index in rng.permutation(len(batches)):
        yield batches[index]


def _loss(
    output: NetworkOutput,
    targets: Tensor,
    weight: Tensor,
    notes_present: Tensor,
    config: FitConfig,
    target_weights: Tensor,
) -> Tensor:
    known = (~torch.isnan(targets)).float()
    wanted = torch.nan_to_num(targets)
    total = torch.zeros((), device=targets.device)
    for head, head_weight in config.head_weights.items():
        own = functional.binary_cross_entropy_with_logits(getattr(output, head), wanted, reduction="none")
        counted = known * weight[:, None] * (notes_present if head == "notes" else 1.0)
        per_target = (own * counted).sum(dim=0) / counted.sum(dim=0).clamp(min=1e-6)
        total = total + head_weight * (per_target * target_weights).sum()
    return total


@torch.no_grad()
def network_logits(network: MultimodalNetwork, tensors: ModalityTensors, *, batch_size: int = 512) -> dict[str, Vector]:
    """Main-target log-odds of every head, and the gate, row by row; the network must be in evaluation mode."""
    heads: dict[str, list[Tensor]] = {"fusion": [], "series": [], "notes": [], "tabular": [], "gate": []}
    order = torch.argsort(tensors.token_mask.sum(dim=1), stable=True)
    for at in torch.split(order, batch_size):
        output = network(tensors.take(at).trimmed())
        for head, found in heads.items():
            value = getattr(output, head)
            found.append(value if head == "gate" else value[:, 0])
    back = torch.argsort(order)
    return {head: torch.cat(found)[back].double().numpy() if found else np.zeros(0) for head, found in heads.items()}
