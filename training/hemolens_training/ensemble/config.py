"""The TOML file of an ensemble: every choice of a run, none of them anywhere else."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from hemolens_training.ensemble.rows import ROLES, TARGETS
from hemolens_training.networks.augment import DropoutConfig
from hemolens_training.networks.fit_network import FitConfig
from hemolens_training.networks.series_encoder import SeriesEncoderConfig

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class EnsembleBundleConfig:
    """What the exported bundle says about itself."""

    id: str
    version: str
    title: str
    outcome: str
    population: str
    icu_only: bool
    statement: str
    limits: list[str]


@dataclass(frozen=True, kw_only=True)
class PartConfig:
    """One dataset: how `hemolens cohort build` makes it from ``path`` below the data folder, and what it is for.

    ``subset``: only rows of this subset of the source (Challenge 2012: ``a``); empty for all.
    """

    name: str
    source: str
    path: str
    arguments: list[str]
    role: str
    weight: float
    subset: str


@dataclass(frozen=True, kw_only=True)
class EnsembleDataConfig:
    """Parts, targets (the first is the one predicted), and the share of general-ICU patients nothing may learn from."""

    sources_allowed: list[str]
    targets: list[str]
    kept_share: float
    parts: list[PartConfig]


@dataclass(frozen=True, kw_only=True)
class EnsembleSplitConfig:
    """Folds by a hash of the patient."""

    salt: str
    folds: int


@dataclass(frozen=True, kw_only=True)
class EnsembleGbmConfig:
    """LightGBM. ``candidates`` of :data:`hemolens_training.ensemble.gbm.CANDIDATES`; ``parameters`` sets to choose
    from.

    ``left_out``, ``left_out_concepts``: statistics and concepts no tree may split on; ``coarsened``: statistics whose
    value is seen as 0 or more.
    """

    candidates: list[str]
    members: int
    max_trees: int
    parameters: list[dict[str, Any]]
    source_dropout: float
    sources: list[str]
    left_out: list[str]
    left_out_concepts: list[str]
    coarsened: list[str]


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """The multimodal network: size, what batches lose, pre-training on the pretraining parts, then the fit."""

    members: int
    encoder: SeriesEncoderConfig
    dropout: DropoutConfig
    sources: list[str]
    pretraining: FitConfig
    fit: FitConfig


@dataclass(frozen=True, kw_only=True)
class NotesConfig:
    """The note encoder's id (a folder below models/encoders) and the text head's inverse penalties."""

    encoder: str
    inverse_penalties: list[float]


@dataclass(frozen=True, kw_only=True)
class StackConfig:
    """L2 penalty of the weights; ``evidence``: share of resamples in which the stack must be worse without a learner.

    ``intercept_prior_sd``: how far the transfused may move the intercept (standard deviation of its prior).
    """

    penalty: float
    evidence: float
    intercept_prior_sd: float


@dataclass(frozen=True, kw_only=True)
class EnsembleEvaluationConfig:
    """Bootstrap resamples, repetitions with other folds and seeds, the check with labels dealt anew, tiers."""

    resamples: int
    repetitions: int
    permuted_labels: bool
    tier_bounds: list[float]


@dataclass(frozen=True, kw_only=True)
class EnsembleExportConfig:
    """Parts of the tree graph, golden rows and their tolerance in log-odds."""

    parts: int
    golden_rows: int
    golden_tolerance: float


@dataclass(frozen=True, kw_only=True)
class EnsembleConfig:
    """A whole file. ``notes`` may be left out where no source has notes."""

    kind: str
    seed: int
    bundle: EnsembleBundleConfig
    data: EnsembleDataConfig
    split: EnsembleSplitConfig
    gbm: EnsembleGbmConfig
    network: NetworkConfig
    notes: NotesConfig | None
    stack: StackConfig
    evaluation: EnsembleEvaluationConfig
    export: EnsembleExportConfig

    @property
    def target(self) -> str:
        """The target the bundle predicts."""
        return self.data.targets[0]


def is_ensemble(path: Path) -> bool:
    """Does the file configure an ensemble (and not a single LightGBM model)?"""
    return tomllib.loads(path.read_text(encoding="utf-8")).get("kind") == "ensemble"


def load_ensemble_config(path: Path) -> EnsembleConfig:
    """Raises ValueError naming the key that is missing, unknown or wrong."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    content.setdefault("notes", None)
    config = _parse(EnsembleConfig, content, "")
    for part in config.data.parts:
        if part.role not in ROLES:
            raise ValueError(f"config: data.parts: role {part.role} is none of {', '.join(ROLES)}")
    unknown = [name for name in config.data.targets if name not in TARGETS]
    if unknown or not config.data.targets:
        raise ValueError(f"config: data.targets: {', '.join(unknown) or 'none'}; there are {', '.join(TARGETS)}")
    for name, fit in (("pretraining", config.network.pretraining), ("fit", config.network.fit)):
        if len(fit.target_weights) != len(config.data.targets):
            raise ValueError(f"config: network.{name}.target_weights needs one number a target")
    return config


def _parse(kind: type[T], content: Mapping[str, Any], path: str) -> T:
    hints = get_type_hints(kind)
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    wrong = sorted(known.symmetric_difference(content))
    if wrong:
        raise ValueError(f"config: {'missing' if wrong[0] in known else 'unknown'} key {path}{wrong[0]}")
    return kind(**{name: _value(hints[name], content[name], f"{path}{name}") for name in known})


def _value(hint: Any, value: Any, path: str) -> Any:  # noqa: ANN401 - whatever TOML holds
    options = [option for option in get_args(hint) if option is not type(None)]
    if value is None:
        return None
    if get_origin(hint) is list and is_dataclass(options[0]):
        return [_parse(options[0], item, f"{path}.") for item in value]  # type: ignore[arg-type]
    for option in [hint, *options]:
        if is_dataclass(option):
            return _parse(option, value, f"{path}.")  # type: ignore[arg-type]
    return float(value) if hint is float else value
