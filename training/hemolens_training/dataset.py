"""A dataset folder as the TypeScript builder wrote it: columns come ready, nothing is computed from charts here."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from hemolens_training.trees import FloatRows

_FILES = ("columns.json", "feature-spec.json")
_DIGESTS = ("episodesSha256", "tabularSha256")


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows of one set. ``day2`` rows have no certain label and stand apart."""

    patient: NDArray[np.str_]
    features: FloatRows
    label: NDArray[np.int64]
    day2: NDArray[np.bool_]

    def certain(self) -> Rows:
        """Only rows with a certain label."""
        return self.take(np.flatnonzero(~self.day2))

    def take(self, index: NDArray[np.int64]) -> Rows:
        """The rows at ``index``."""
        return Rows(
            patient=self.patient[index], features=self.features[index], label=self.label[index], day2=self.day2[index]
        )


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Feature names, rows by set, and which sources each column is read from."""

    folder: Path
    sha256: str
    feature_names: list[str]
    sources: list[list[str]]
    sets: dict[str, Rows]
    card: dict[str, Any]
    spec_bytes: bytes

    def columns_of(self, source: str) -> NDArray[np.int64]:
        """Indices of the columns that are lost when ``source`` cannot be read."""
        index = [i for i, sources in enumerate(self.sources) if source in sources]
        if not index:
            raise ValueError(f"no column is read from source {source}")
        return np.array(index, dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class LoadedColumns:
    """The tabular side of a finished folder, verified."""

    sha256: str
    feature_names: list[str]
    sources: list[list[str]]
    features: FloatRows
    episodes: pa.Table
    card: dict[str, Any]
    spec_bytes: bytes


def load_columns(folder: Path) -> LoadedColumns:
    """Columns and episodes of a finished dataset folder; raises ValueError when it is unfinished or its files
    disagree."""
    if not (folder / "DONE").exists():
        raise ValueError(f"{folder}: not a finished dataset (no DONE)")
    spec_bytes = (folder / "feature-spec.json").read_bytes()
    spec = json.loads(spec_bytes)
    names = [column["name"] for column in spec["tabular"]]
    columns = json.loads((folder / "columns.json").read_text(encoding="utf-8"))["columns"]
    if [column["name"] for column in columns] != names:
        raise ValueError("columns.json and feature-spec.json name different columns")
    table = pq.read_table(folder / "tabular.parquet", use_threads=False)
    episodes = pq.read_table(folder / "episodes.parquet", use_threads=False)
    ids = table["episode_id"].to_pylist()
    if episodes["episode_id"].to_pylist() != ids:
        raise ValueError("episodes.parquet and tabular.parquet hold different episodes")
    features = np.column_stack([table[name].to_numpy() for name in names]).astype(np.float32)
    card = json.loads((folder / "dataset-card.json").read_text(encoding="utf-8"))
    if tabular_sha256(ids, features) != card["tabularSha256"]:
        raise ValueError("tabular.parquet does not hold the values the dataset card speaks of")
    if episodes_sha256(episodes) != card["episodesSha256"]:
        raise ValueError("episodes.parquet does not hold the rows the dataset card speaks of")
    return LoadedColumns(
        sha256=dataset_sha256(folder, card),
        feature_names=names,
        sources=[list(column["sources"]) for column in columns],
        features=features,
        episodes=episodes,
        card=card,
        spec_bytes=spec_bytes,
    )


def load_dataset(folder: Path) -> Dataset:
    """Reads a finished dataset folder; raises ValueError when it is unfinished or its files disagree."""
    loaded = load_columns(folder)
    episodes = loaded.episodes
    day2 = episodes["label_7d"].is_null().to_numpy().astype(bool)
    label = episodes["label_7d"].fill_null(True).to_numpy().astype(np.int64)
    patient = np.array(episodes["patient_id"].to_pylist(), dtype=np.str_)
    sets = np.array(episodes["subset"].fill_null("all").to_pylist(), dtype=np.str_)
    everything = Rows(patient=patient, features=loaded.features, label=label, day2=day2)
    return Dataset(
        folder=folder,
        sha256=loaded.sha256,
        feature_names=loaded.feature_names,
        sources=loaded.sources,
        sets={str(name): everything.take(np.flatnonzero(sets == name)) for name in np.unique(sets)},
        card=loaded.card,
        spec_bytes=loaded.spec_bytes,
    )


def dataset_sha256(folder: Path, card: dict[str, Any]) -> str:
    """One hash over what a model learns from: the columns, and the digests of the episodes and of the tabular rows.

    The words and figures of the card are not part of it, nor the bytes of the Parquet files.
    """
    digest = hashlib.sha256()
    for name in _FILES:
        digest.update(f"{name}\n{hashlib.sha256((folder / name).read_bytes()).hexdigest()}\n".encode())
    for name in _DIGESTS:
        digest.update(f"{name}\n{card[name]}\n".encode())
    return digest.hexdigest()


def episodes_sha256(episodes: pa.Table) -> str:
    """Hash over the rows of the episodes, each a line of JSON, whatever file they come in.

    >>> episodes_sha256(pa.table({"episode_id": ["e"], "label_7d": [True], "fold": [3], "split": pa.nulls(1)}))[:12]
    '1e78f199661c'
    """
    digest = hashlib.sha256()
    for row in zip(*(column.to_pylist() for column in episodes.columns), strict=True):
        digest.update((json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n").encode())
    return digest.hexdigest()


def tabular_sha256(episode_ids: list[str], features: FloatRows) -> str:
    """Hash over the values of the tabular rows, whatever file they come in.

    >>> tabular_sha256(["e"], np.array([[1.5, np.nan]], dtype=np.float32))[:12]
    '5ed1a475776a'
    """
    rows = np.ascontiguousarray(features, dtype="<f4").copy()
    rows.view("<u4")[np.isnan(rows)] = 0x7FC00000
    digests = [
        hashlib.sha256(f"{episode}\n".encode() + row.tobytes()).hexdigest()
        for episode, row in zip(episode_ids, rows, strict=True)
    ]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def mask_source(features: FloatRows, columns: NDArray[np.int64]) -> FloatRows:
    """A copy with the given columns unknown, as the mapping leaves them when their source cannot be read.

    >>> mask_source(np.ones((1, 3), dtype=np.float32), np.array([1])).tolist()
    [[1.0, nan, 1.0]]
    """
    masked = features.copy()
    masked[:, columns] = np.nan
    return masked
