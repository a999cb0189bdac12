"""Folds of an ensemble, and its fits as units of work: one a fold and repetition, and the refit. Each is done once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hemolens_training.ensemble.config import EnsembleConfig, load_ensemble_config
from hemolens_training.ensemble.data import load_learned
from hemolens_training.ensemble.gbm import GbmRecipe
from hemolens_training.ensemble.learners import (
    FittedLearners,
    Pattern,
    Progress,
    fit_learners,
    load_network,
    new_network,
    patterns,
    save_network,
    seen_as,
)
from hemolens_training.ensemble.rows import EnsembleData, EnsembleRows
from hemolens_training.metrics import Vector
from hemolens_training.networks.fit_network import require_both_classes
from hemolens_training.networks.multimodal import MultimodalNetwork
from hemolens_training.run_folder import finish, read_json, write_json
from hemolens_training.splits import assign_folds, in_share
from hemolens_training.text_learner import TextHead
from hemolens_training.trees import Tree

#: Rows of a fold number below 0.
PRETRAINING, KEPT = -1, -2
#: The refit on all rows, as the fold of a unit.
REFIT = -1


def partition(rows: EnsembleRows, config: EnsembleConfig, *, repetition: int = 0) -> NDArray[np.int64]:
    """Fold of every row by a hash of the patient: 0 … folds - 1, PRETRAINING, or KEPT (learned from by nothing).

    The kept patients are the same in every repetition, and never transfused ones. Raises ValueError for a fold without
    events or without survivors.
    """
    salt = config.split.salt if repetition == 0 else f"{config.split.salt}/repetition-{repetition}"
    fold = assign_folds(rows.patient, folds=config.split.folds, salt=salt)
    fold[rows.role == "pretraining"] = PRETRAINING
    transfused = set(rows.patient[rows.role == "transfusion"].tolist())
    kept = in_share(rows.patient, share=config.data.kept_share, salt=f"{config.split.salt}/kept")
    kept &= np.array([patient not in transfused for patient in rows.patient.tolist()], dtype=bool)
    fold[kept] = KEPT
    label = rows.target(config.target)
    for k in range(config.split.folds):
        try:
            require_both_classes(label[fold == k])
        except ValueError as error:
            raise ValueError(f"fold {k} of {config.split.folds}: {error}") from None
    return fold


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """All that a fit needs. ``rows`` are those that may be learned from; the kept are not among them."""

    run: Path
    datasets: Path
    config: EnsembleConfig
    data: EnsembleData
    rows: EnsembleRows
    recipe: GbmRecipe
    pretrained: list[MultimodalNetwork]

    def fold(self, repetition: int) -> NDArray[np.int64]:
        """Fold of every learnable row in a repetition."""
        return partition(self.rows, self.config, repetition=repetition)

    def patterns(self) -> list[Pattern]:
        """Availability patterns of these rows."""
        return patterns(has_notes=bool(self.rows.has_notes.any()))


def open_workshop(run: Path, datasets: Path) -> Workshop:
    """From a run whose recipe is chosen and whose networks are pretrained."""
    config = load_ensemble_config(run / "config.toml")
    data = load_learned(config, datasets)
    fold = partition(data.rows, config)
    return Workshop(
        run=run,
        datasets=datasets,
        config=config,
        data=data,
        rows=data.rows.where(fold != KEPT),
        recipe=GbmRecipe(**read_json(run / "gbm-recipe.json")["chosen"]),
        pretrained=[
            load_network(path, new_network(data, config, seed=0)) for path in pretrained_paths(run, config, data)
        ],
    )


def pretrained_paths(run: Path, config: EnsembleConfig, data: EnsembleData) -> list[Path]:
    """Where the pretrained networks are; none where nothing is pretrained."""
    if not (data.rows.role == "pretraining").any():
        return []
    return [run / f"pretrained-{member}.npz" for member in range(config.network.members)]


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One fit: a fold of a repetition, or the refit."""

    repetition: int
    fold: int

    def done(self, run: Path) -> Path:
        """The file that says it is done."""
        if self.fold == REFIT:
            return run / "refit" / "DONE"
        folder = run / "out-of-fold" if self.repetition == 0 else run / "repetitions" / f"{self.repetition:02d}"
        return folder / f"fold-{self.fold}.npz"


def units_of(config: EnsembleConfig, repetition: int) -> list[Unit]:
    """Every fold of a repetition."""
    return [Unit(repetition=repetition, fold=k) for k in range(config.split.folds)]


def seed_of(config: EnsembleConfig, repetition: int) -> int:
    """Seed of a repetition: 0 is the run itself."""
    return config.seed + 1000 * repetition


def fit_units(workshop: Workshop, units: Sequence[Unit], *, workers: int, progress: Progress) -> None:
    """Does the units that are not done. With more than one worker each runs in a process of its own, on one thread.

    Raises ValueError with the last words of a unit that failed; the others are kept.
    """
    left = [unit for unit in units if not unit.done(workshop.run).exists()]
    if workers <= 1:
        for unit in left:
            fit_unit(workshop, unit, progress=progress)
        return

    def job(unit: Unit) -> None:
        command = [
            sys.executable,
            "-m",
            "hemolens_training.ensemble.fit_unit",
            str(workshop.run),
            str(workshop.datasets),
        ]
        command += [str(unit.repetition), str(unit.fold)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        if done.returncode != 0:
            raise ValueError(f"{_named(unit)}: {done.stderr.strip().splitlines()[-1:]}")
        progress(f"{_named(unit)}: done")

    with ThreadPoolExecutor(max_workers=workers) as pool:
        for future in [pool.submit(job, unit) for unit in left]:
            future.result()


def _named(unit: Unit) -> str:
    what = "refit" if unit.fold == REFIT else f"fold {unit.fold}"
    return what if unit.repetition == 0 else f"repetition {unit.repetition}, {what}"


def fit_unit(workshop: Workshop, unit: Unit, *, progress: Progress) -> None:
    """Fits every learner and writes what the unit is for: held-out log-odds by availability pattern, or the refit.

    Repetitions are fitted with one member of each learner: what differs between seeds is then seen whole.
    """
    rows, config, data = workshop.rows, workshop.config, workshop.data
    if unit.repetition > 0:
        config = replace(config, gbm=replace(config.gbm, members=1), network=replace(config.network, members=1))
    fold = workshop.fold(unit.repetition)
    seed = seed_of(config, unit.repetition) + (0 if unit.fold == REFIT else 10 * (unit.fold + 1))
    fitted = fit_learners(
        rows if unit.fold == REFIT else rows.where(fold != unit.fold),
        data,
        config,
        recipe=workshop.recipe,
        pretrained=workshop.pretrained[: config.network.members],
        seed=seed,
        progress=lambda text: progress(f"{_named(unit)}: {text}"),
    )
    path = unit.done(workshop.run)
    path.parent.mkdir(parents=True, exist_ok=True)
    if unit.fold == REFIT:
        _write_refit(path.parent, fitted)
        return
    held = rows.take(np.flatnonzero(fold == unit.fold).astype(np.int64))
    arrays: dict[str, Any] = {
        f"{pattern.name}|{learner}": value
        for pattern in (workshop.patterns() if unit.repetition == 0 else workshop.patterns()[:1])
        for learner, value in fitted.logits(seen_as(held, pattern, data), data, config).items()
    }
    temporary = path.with_suffix(".tmp.npz")
    np.savez(temporary, **arrays)
    temporary.replace(path)


def out_of_fold(workshop: Workshop, repetition: int) -> dict[str, dict[str, Vector]]:
    """By availability pattern and learner: log-odds of every row with a fold, from a fit that has not seen its
    patient."""
    fold = workshop.fold(repetition)
    judged = np.flatnonzero(fold >= 0)
    place = np.full(len(fold), -1)
    place[judged] = np.arange(len(judged))
    out: dict[str, dict[str, Vector]] = {pattern.name: {} for pattern in workshop.patterns()}
    for unit in units_of(workshop.config, repetition):
        held = place[np.flatnonzero(fold == unit.fold)]
        with np.load(unit.done(workshop.run), allow_pickle=False) as content:
            for name in content.files:
                pattern, learner = name.split("|")
                out[pattern].setdefault(learner, np.full(len(judged), np.nan))[held] = content[name]
    # Repetitions judge rows as they are: one reading serves every pattern.
    richest = out[workshop.patterns()[0].name]
    return {name: own or richest for name, own in out.items()}


def _write_refit(folder: Path, fitted: FittedLearners) -> None:
    write_json(folder / "trees.json", [tree.to_json() for tree in fitted.trees], indent=None)
    for member, network in enumerate(fitted.networks):
        save_network(folder / f"network-{member}.npz", network)
    if fitted.text is not None:
        text = fitted.text
        content = {
            "weights": text.weights.tolist(),
            "intercept": text.intercept,
            "inversePenalty": text.inverse_penalty,
        }
        write_json(folder / "text.json", content, indent=None)
    finish(folder)


def load_refit(run: Path, data: EnsembleData, config: EnsembleConfig) -> FittedLearners:
    """The learners that are shipped."""
    folder = run / "refit"
    text = None
    if (folder / "text.json").exists():
        own = read_json(folder / "text.json")
        text = TextHead(
            weights=np.array(own["weights"]), intercept=own["intercept"], inverse_penalty=own["inversePenalty"]
        )
    return FittedLearners(
        trees=[Tree.from_json(tree) for tree in read_json(folder / "trees.json")],
        networks=[
            load_network(folder / f"network-{member}.npz", new_network(data, config, seed=0))
            for member in range(config.network.members)
        ],
        text=text,
    )
