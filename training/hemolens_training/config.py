"""The one TOML file that says what a run does."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class BundleConfig:
    """What the exported bundle says about itself."""

    id: str
    version: str
    title: str
    outcome: str
    population: str
    icu_only: bool
    source: str
    citation: str
    licence: str


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """Which rows are for what: values of the dataset's ``set`` column."""

    train_set: str
    held_out_set: str


@dataclass(frozen=True, kw_only=True)
class SplitConfig:
    """Hash-stable folds of the training set, by patient."""

    salt: str
    folds: int
    early_stopping_share: float


@dataclass(frozen=True, kw_only=True)
class SourceDropoutConfig:
    """Share of training rows copied once more with every column of one source masked."""

    share: float
    sources: list[str]


@dataclass(frozen=True, kw_only=True)
class LightGbmConfig:
    """Fixed parameters, the grid searched over, and the limits on the number of trees."""

    max_trees: int
    early_stopping_rounds: int
    fixed: dict[str, Any]
    grid: dict[str, list[Any]]


@dataclass(frozen=True, kw_only=True)
class ComparatorConfig:
    """Regularised logistic regression: inverse penalties to choose from."""

    inverse_penalties: list[float]


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig:
    """Bootstrap resamples and the probability bounds of the tiers."""

    resamples: int
    tier_bounds: list[float]


@dataclass(frozen=True, kw_only=True)
class ExportConfig:
    """How the graph is split, how many golden rows are written and their tolerance in log-odds."""

    parts: int
    golden_rows: int
    golden_tolerance: float


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """A whole configuration file."""

    seed: int
    bundle: BundleConfig
    data: DataConfig
    split: SplitConfig
    source_dropout: SourceDropoutConfig
    lightgbm: LightGbmConfig
    comparator: ComparatorConfig
    evaluation: EvaluationConfig
    export: ExportConfig


def load_config(path: Path) -> TrainingConfig:
    """Reads and checks a configuration; raises ValueError naming the key that is missing or unknown."""
    return parse_config(path.read_text(encoding="utf-8"))


def parse_config(text: str) -> TrainingConfig:
    """The configuration in a TOML text.

    >>> parse_config("seed = 1\\ncolour = 'red'")
    Traceback (most recent call last):
    ...
    ValueError: config: unknown key colour
    """
    content = tomllib.loads(text)
    known = {field.name for field in fields(TrainingConfig)}
    for key in content:
        if key not in known:
            raise ValueError(f"config: unknown key {key}")
    for key in sorted(known):
        if key not in content:
            raise ValueError(f"config: missing key {key}")
    return TrainingConfig(
        seed=int(content["seed"]),
        bundle=_section(BundleConfig, "bundle", content),
        data=_section(DataConfig, "data", content),
        split=_section(SplitConfig, "split", content),
        source_dropout=_section(SourceDropoutConfig, "source_dropout", content),
        lightgbm=_section(LightGbmConfig, "lightgbm", content),
        comparator=_section(ComparatorConfig, "comparator", content),
        evaluation=_section(EvaluationConfig, "evaluation", content),
        export=_section(ExportConfig, "export", content),
    )


def _section(kind: type[T], name: str, content: Mapping[str, Any]) -> T:
    section = content[name]
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    wrong = sorted(known.symmetric_difference(section))
    if wrong:
        raise ValueError(f"config: {'missing' if wrong[0] in known else 'unknown'} key {name}.{wrong[0]}")
    return kind(**section)
