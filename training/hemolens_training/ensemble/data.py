"""From published files to the datasets of a configuration: the TypeScript builder does it, Python only calls it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pyarrow.parquet as pq

from hemolens_training.ensemble.config import EnsembleConfig, PartConfig
from hemolens_training.ensemble.learners import Progress
from hemolens_training.ensemble.rows import EnsembleData, PartRequest, load_ensemble_data

ROOT = Path(__file__).resolve().parents[3]
ENCODERS = ROOT / "models" / "encoders"


def hemolens(arguments: list[str]) -> None:
    """Runs the command line of this repository; raises ValueError with its last words when it fails."""
    command = ["node", str(ROOT / "dist" / "cli.js"), *arguments]
    if not (ROOT / "dist" / "cli.js").exists():
        raise ValueError("dist/cli.js is not there: run `npm ci && npm run build` first")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ValueError(f"hemolens {' '.join(arguments[:2])}: {done.stderr.strip().splitlines()[-1:] or 'failed'}")


def prepare_datasets(config: EnsembleConfig, *, source_data: Path, datasets: Path, progress: Progress) -> None:
    """Builds what is not there yet: one dataset folder a part below ``datasets``, with note vectors where it has
    notes."""
    datasets.mkdir(parents=True, exist_ok=True)
    for part in config.data.parts:
        folder = datasets / dataset_name(part)
        if not (folder / "DONE").exists():
            progress(f"building {part.name}")
            hemolens(
                [
                    "cohort",
                    "build",
                    "--source",
                    part.source,
                    "--path",
                    str(source_data / part.path),
                    *part.arguments,
                    "--out",
                    str(folder),
                ]
            )
        if config.notes is not None and has_notes(folder) and not (vectors_of(folder, config) / "DONE").exists():
            progress(f"embedding the notes of {part.name}")
            encoder = ENCODERS / config.notes.encoder
            hemolens(["cohort", "embed", "--dataset", str(folder), "--encoder", str(encoder)])


def dataset_name(part: PartConfig) -> str:
    """Folder of a part's dataset: parts that differ in subset, role or weight alone share it.

    >>> arguments = ["--index", "landmark"]
    >>> part = PartConfig(
    ...     name="a", source="eicu", path="x", arguments=arguments, role="landmark", weight=1.0, subset=""
    ... )
    >>> dataset_name(part)
    'eicu-index-landmark'
    """
    words = [part.source, *(argument.strip("-") for argument in part.arguments)]
    return "-".join(words).replace(",", "_").replace("/", "_")


def has_notes(folder: Path) -> bool:
    """Has the dataset any note chunk?"""
    return bool(pq.read_metadata(folder / "notes.parquet").num_rows)


def vectors_of(folder: Path, config: EnsembleConfig) -> Path:
    """Where a dataset's note vectors are, as `hemolens cohort embed` puts them."""
    assert config.notes is not None
    return folder / "embeddings" / config.notes.encoder


def load_parts(config: EnsembleConfig, datasets: Path, *, held_out: bool) -> EnsembleData | None:
    """The parts that are learned from, or those held out; None where there are none."""
    chosen = [part for part in config.data.parts if (part.role == "held_out") == held_out]
    if not chosen:
        return None
    return load_ensemble_data(
        [_request(part, config, datasets) for part in chosen],
        target_names=config.data.targets,
        sources_allowed=config.data.sources_allowed,
    )


def load_learned(config: EnsembleConfig, datasets: Path) -> EnsembleData:
    """The parts that are learned from; raises ValueError where there are none."""
    data = load_parts(config, datasets, held_out=False)
    if data is None:
        raise ValueError("the configuration has no part to learn from")
    return data


def _request(part: PartConfig, config: EnsembleConfig, datasets: Path) -> PartRequest:
    folder = datasets / dataset_name(part)
    vectors = vectors_of(folder, config) if config.notes is not None and has_notes(folder) else None
    return PartRequest(
        name=part.name, folder=folder, role=part.role, weight=part.weight, note_vectors=vectors, subset=part.subset
    )
