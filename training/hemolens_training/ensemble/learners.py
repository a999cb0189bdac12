"""The base learners of an ensemble, fitted together on the same rows and asked together."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from hemolens_training.ensemble.config import EnsembleConfig
from hemolens_training.ensemble.gbm import GbmRecipe, fit_gbm, foreign_columns, gbm_data, gbm_view
from hemolens_training.ensemble.rows import EnsembleData, EnsembleRows
from hemolens_training.metrics import Vector
from hemolens_training.networks.augment import Dropper, make_dropper
from hemolens_training.networks.fit_network import FitConfig, FitRows, fit_network, network_logits
from hemolens_training.networks.multimodal import MultimodalNetwork, NetworkShape
from hemolens_training.text_learner import TextHead, fit_text_head
from hemolens_training.trees import Tree, raw_scores

#: In the order of the stack; the first one is always there.
LEARNERS = ("gbm", "series", "text", "fusion")
#: Heads of the network that are looked at and not stacked: plain late fusion is made of them.
HEADS = ("tabular", "notes")
#: Sources whose values are the tokens of the series.
SERIES_SOURCES = ("labs", "vitals", "bedside")

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """Which modalities beside the tabular one are there."""

    series: bool
    notes: bool

    @property
    def name(self) -> str:
        """A key for files.

        >>> Pattern(series=True, notes=False).name
        'series'
        """
        return "+".join(n for n, there in (("series", self.series), ("notes", self.notes)) if there) or "tabular"

    def learners(self, *, has_text: bool) -> tuple[str, ...]:
        """The learners that can answer then."""
        return tuple(
            name
            for name in LEARNERS
            if not (name == "series" and not self.series) and not (name == "text" and not (self.notes and has_text))
        )


def patterns(*, has_notes: bool) -> list[Pattern]:
    """Every availability there can be."""
    return [Pattern(series=s, notes=n) for n in ((True, False) if has_notes else (False,)) for s in (True, False)]


def seen_as(rows: EnsembleRows, pattern: Pattern, data: EnsembleData) -> EnsembleRows:
    """The rows as the service sees them when a modality is lost: without tokens, also the columns of their sources
    are."""
    if not pattern.notes:
        rows = replace(rows, note_vector=np.zeros_like(rows.note_vector), has_notes=np.zeros_like(rows.has_notes))
    if not pattern.series:
        features = rows.features.copy()
        for source in SERIES_SOURCES:
            features[:, data.columns.of_source(source)] = np.nan
        rows = replace(
            rows,
            features=features,
            concept_ids=np.zeros_like(rows.concept_ids),
            hours_before=np.zeros_like(rows.hours_before),
            values=np.zeros_like(rows.values),
        )
    return rows


@dataclass(frozen=True, kw_only=True)
class FittedLearners:
    """What one fit gives."""

    trees: list[Tree]
    networks: list[MultimodalNetwork]
    text: TextHead | None

    def logits(self, rows: EnsembleRows, data: EnsembleData, config: EnsembleConfig) -> dict[str, Vector]:
        """Raw log-odds of every learner and head for every row, whether or not its modality is there."""
        tensors = rows.tensors()
        members = [network_logits(network, tensors) for network in self.networks]
        mean = {name: np.mean([own[name] for own in members], axis=0) for name in (members[0] if members else {})}
        out = {"gbm": raw_scores(self.trees, gbm_view(rows.features, data.columns, config.gbm))}
        out |= {name: mean[name] for name in ("series", "fusion", *HEADS)}
        if self.text is not None:
            out["text"] = self.text.logits(rows.note_vector)
        return out


def network_shape(data: EnsembleData, config: EnsembleConfig) -> NetworkShape:
    """The sizes that the data decide."""
    return NetworkShape(
        columns=len(data.columns.names),
        context_columns=data.columns.context(),
        concepts=len(data.series.concepts),
        note_dimension=data.rows.note_vector.shape[1],
        targets=len(config.data.targets),
    )


def new_network(data: EnsembleData, config: EnsembleConfig, *, seed: int) -> MultimodalNetwork:
    """A network with random weights."""
    torch.manual_seed(seed)
    return MultimodalNetwork(config.network.encoder, network_shape(data, config))


def pretrain_networks(
    rows: EnsembleRows, data: EnsembleData, config: EnsembleConfig, *, seed: int, progress: Progress
) -> list[MultimodalNetwork]:
    """One network a member, trained on the pretraining rows; empty where there are none."""
    own = rows.where(rows.role == "pretraining")
    if not len(own):
        return []
    return [
        _fit(
            new_network(data, config, seed=seed + member),
            own,
            rows,
            data,
            config,
            config.network.pretraining,
            seed=seed + member,
            progress=_said(progress, f"pretraining, member {member + 1}"),
        )
        for member in range(config.network.members)
    ]


def fit_learners(
    rows: EnsembleRows,
    data: EnsembleData,
    config: EnsembleConfig,
    *,
    recipe: GbmRecipe,
    pretrained: list[MultimodalNetwork],
    seed: int,
    progress: Progress,
) -> FittedLearners:
    """Every learner from the same rows. The networks go on from the pretrained ones, where there are any."""
    salt = f"{config.split.salt}/{seed}"
    trees = fit_gbm(
        gbm_data(rows, target=config.target, columns=data.columns, config=config.gbm, salt=salt),
        recipe,
        config.gbm,
        seed=seed,
    )
    main = rows.where(rows.role != "pretraining")
    networks = []
    for member in range(config.network.members):
        start = copy.deepcopy(pretrained[member]) if pretrained else new_network(data, config, seed=seed + member)
        networks.append(
            _fit(
                start,
                main,
                rows,
                data,
                config,
                config.network.fit,
                seed=seed + 1000 * (member + 1),
                progress=_said(progress, f"network {member + 1}"),
            )
        )
    return FittedLearners(trees=trees, networks=networks, text=_fit_text(main, config, salt=salt))


def _fit_text(rows: EnsembleRows, config: EnsembleConfig, *, salt: str) -> TextHead | None:
    if config.notes is None:
        return None
    known = rows.where(rows.has_notes & ~np.isnan(rows.target(config.target)))
    if not len(known):
        return None
    return fit_text_head(
        known.note_vector,
        known.target(config.target).astype(np.int64),
        known.weight,
        inverse_penalties=config.notes.inverse_penalties,
        patient=known.patient,
        salt=f"{salt}/text",
    )


def _fit(
    network: MultimodalNetwork,
    rows: EnsembleRows,
    everything: EnsembleRows,
    data: EnsembleData,
    config: EnsembleConfig,
    fit: FitConfig,
    *,
    seed: int,
    progress: Progress,
) -> MultimodalNetwork:
    tensors = rows.tensors()
    was_new = not bool(network.columns.used.any())
    network.fit_scales(tensors)
    if was_new:
        network.set_base_rates(torch.from_numpy(base_rates(rows)))
    return fit_network(
        network,
        FitRows(tensors=tensors, targets=rows.targets, weight=rows.weight, group=rows.group),
        fit,
        dropper=_dropper(rows, everything, data, config),
        seed=seed,
        progress=progress,
    )


def _said(progress: Progress, who: str) -> Progress:
    return lambda text: progress(f"{who}: {text}")


def base_rates(rows: EnsembleRows) -> NDArray[np.float32]:
    """Weighted share of events of every target, within 0.1 % and 99.9 %."""
    known = ~np.isnan(rows.targets)
    weight = rows.weight[:, None] * known
    rate = (np.nan_to_num(rows.targets) * weight).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-9)
    return np.asarray(np.clip(rate, 1e-3, 1 - 1e-3), dtype=np.float32)


def _dropper(rows: EnsembleRows, everything: EnsembleRows, data: EnsembleData, config: EnsembleConfig) -> Dropper:
    columns = np.zeros(len(data.columns.names), dtype=bool)
    concepts = np.zeros(len(data.series.concepts), dtype=bool)
    foreign = foreign_columns(everything)
    seen = {str(s): _concepts_of(everything.where(everything.source == s), data) for s in np.unique(everything.source)}
    for source in np.unique(rows.source):
        columns |= foreign[str(source)]
        concepts |= seen[str(source)] & ~np.logical_and.reduce(list(seen.values()))
    return make_dropper(
        config.network.dropout,
        column_concepts=data.columns.concepts,
        column_sources=data.columns.sources,
        series_concepts=data.series.concepts,
        series_sources=data.series_sources,
        sources=tuple(config.network.sources),
        foreign_columns=columns,
        foreign_concepts=concepts,
    )


def _concepts_of(rows: EnsembleRows, data: EnsembleData) -> NDArray[np.bool_]:
    seen = np.zeros(len(data.series.concepts) + 1, dtype=bool)
    seen[np.unique(rows.concept_ids)] = True
    return seen[1:]


def save_network(path: Path, network: MultimodalNetwork) -> None:
    """Weights and buffers as an ``.npz`` of plain arrays."""
    temporary = path.with_suffix(".tmp.npz")
    np.savez(temporary, **{name: value.numpy() for name, value in network.state_dict().items()})
    temporary.replace(path)


def load_network(path: Path, network: MultimodalNetwork) -> MultimodalNetwork:
    """Fills a network of the same shape with what :func:`save_network` wrote."""
    with np.load(path, allow_pickle=False) as content:
        network.load_state_dict({name: torch.from_numpy(content[name]) for name in content.files})
    return network.eval()
