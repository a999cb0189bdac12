"""The commands of an ensemble, from folders to folders."""

from __future__ import annotations

from pathlib import Path

from hemolens_training.ensemble.config import load_ensemble_config
from hemolens_training.ensemble.data import load_learned, load_parts, prepare_datasets
from hemolens_training.ensemble.evaluate import evaluate_ensemble
from hemolens_training.ensemble.export import export_ensemble
from hemolens_training.ensemble.learners import Progress
from hemolens_training.ensemble.train import train_ensemble


def train(
    *, config_path: Path, source_data: Path | None, datasets: Path, run: Path, workers: int, progress: Progress
) -> None:
    """Builds the datasets that are not there yet (when ``source_data`` is given), then trains."""
    config = load_ensemble_config(config_path)
    if source_data is not None:
        prepare_datasets(config, source_data=source_data, datasets=datasets, progress=progress)
    data = load_learned(config, datasets)
    train_ensemble(config_path=config_path, data=data, datasets=datasets, run=run, workers=workers, progress=progress)


def evaluate(*, datasets: Path, run: Path, workers: int, progress: Progress) -> str:
    """Judges a finished run; returns the report's text."""
    config = load_ensemble_config(run / "config.toml")
    held_out = load_parts(config, datasets, held_out=True)
    evaluate_ensemble(datasets=datasets, held_out=held_out, run=run, workers=workers, progress=progress)
    return (run / "evaluation" / "report.md").read_text(encoding="utf-8")


def export(*, datasets: Path, run: Path, out: Path, evidence: Path | None, golden_count: int | None) -> Path:
    """Writes the bundle."""
    data = load_learned(load_ensemble_config(run / "config.toml"), datasets)
    return export_ensemble(data=data, run=run, out=out, evidence=evidence, golden_count=golden_count)
