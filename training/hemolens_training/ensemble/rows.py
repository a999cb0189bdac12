"""Rows of an ensemble: tensors, targets and what they are weighed by, from one or more dataset folders."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray

from hemolens_training.dataset import load_columns
from hemolens_training.metrics import Vector
from hemolens_training.networks.tensors import ModalityTensors
from hemolens_training.trees import FloatRows

#: Columns of episodes.parquet that a network may learn, by the name a configuration uses.
TARGETS = {"7d": "label_7d", "24h": "label_24h", "72h": "label_72h", "in-hospital": "label_in_hospital"}

#: What a row is for: the population the model is for, patients like them, or a larger set to learn from first.
ROLES = ("transfusion", "landmark", "pretraining", "held_out")


@dataclass(frozen=True, kw_only=True)
class EnsembleRows:
    """Parallel arrays, one entry a row.

    ``targets`` [N, len(target_names)]: 1, 0, NaN = not known. ``weight``: 1 / rows of the stay for landmarks, the
    part's own weight otherwise. ``group``: rows of one stay of one part; one epoch of a network meets each group once.
    """

    target_names: tuple[str, ...]
    episode: NDArray[np.str_]
    patient: NDArray[np.str_]
    source: NDArray[np.str_]
    role: NDArray[np.str_]
    subset: NDArray[np.str_]
    group: NDArray[np.str_]
    landmark_hour: Vector
    scoreable: NDArray[np.bool_]
    first: NDArray[np.bool_]
    weight: Vector
    targets: Vector
    features: FloatRows
    concept_ids: NDArray[np.int64]
    hours_before: FloatRows
    values: FloatRows
    note_vector: FloatRows
    has_notes: NDArray[np.bool_]
    texts: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.episode)

    def take(self, index: NDArray[np.int64]) -> EnsembleRows:
        """The rows at ``index``."""
        changed = {f.name: getattr(self, f.name)[index] for f in fields(self) if f.name != "target_names"}
        return replace(self, **changed)

    def where(self, mask: NDArray[np.bool_]) -> EnsembleRows:
        """The rows at which ``mask`` holds."""
        return self.take(np.flatnonzero(mask).astype(np.int64))

    def target(self, name: str) -> Vector:
        """One target, NaN where it is not known."""
        return self.targets[:, self.target_names.index(name)]

    def tensors(self) -> ModalityTensors:
        """What a network reads."""
        return ModalityTensors(
            tabular=torch.from_numpy(self.features),
            concept_ids=torch.from_numpy(self.concept_ids),
            hours_before=torch.from_numpy(self.hours_before),
            values=torch.from_numpy(self.values),
            token_mask=torch.from_numpy((self.concept_ids > 0).astype(np.float32)),
            note_vector=torch.from_numpy(self.note_vector),
            notes_present=torch.from_numpy(self.has_notes.astype(np.float32)[:, None]),
        )


@dataclass(frozen=True, kw_only=True)
class SeriesSpec:
    """The spec's series: concept of id i + 1, its source, and the columns that are context rather than series."""

    concepts: tuple[str, ...]
    max_tokens: int


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The spec's tabular columns: name, concept, kind, and the sources each is read from."""

    names: tuple[str, ...]
    concepts: tuple[str, ...]
    kinds: tuple[str, ...]
    statistics: tuple[str, ...]
    sources: tuple[tuple[str, ...], ...]

    def of_source(self, source: str) -> NDArray[np.int64]:
        """Indices of the columns that are lost when ``source`` cannot be read."""
        return np.array([i for i, own in enumerate(self.sources) if source in own], dtype=np.int64)

    def context(self) -> tuple[int, ...]:
        """Indices of the columns that no token of the series says: statics and aggregates."""
        return tuple(i for i, kind in enumerate(self.kinds) if kind in ("static", "aggregate"))


@dataclass(frozen=True, kw_only=True)
class EnsembleData:
    """Rows of all parts under one feature spec."""

    rows: EnsembleRows
    columns: Columns
    series: SeriesSpec
    series_sources: tuple[str, ...]
    spec_bytes: bytes
    note_encoder: dict[str, Any] | None
    sha256: dict[str, str]
    cards: dict[str, dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class PartRequest:
    """One dataset folder and its part in the recipe."""

    name: str
    folder: Path
    role: str
    weight: float
    note_vectors: Path | None
    subset: str = ""


def load_ensemble_data(
    parts: Sequence[PartRequest], *, target_names: Sequence[str], sources_allowed: Sequence[str]
) -> EnsembleData:
    """All rows, in the order of the parts.

    Raises ValueError for a source that the configuration may not read (no outcome of it is looked at), an unfinished
    folder, parts of different feature specs, or note vectors of different encoders.
    """
    spec_bytes, rows, sha256, cards, encoders = b"", [], {}, {}, []
    columns: Columns | None = None
    series: SeriesSpec | None = None
    series_sources: tuple[str, ...] = ()
    for part in parts:
        if part.role not in ROLES:
            raise ValueError(f"part {part.name}: role {part.role} is none of {', '.join(ROLES)}")
        card = json.loads((part.folder / "dataset-card.json").read_text(encoding="utf-8"))
        source = str(card["source"]["name"])
        if source not in sources_allowed:
            raise ValueError(
                f"part {part.name}: this configuration may not learn from {source} "
                f"(sources_allowed: {', '.join(sources_allowed)})"
            )
        loaded = load_columns(part.folder)
        if spec_bytes and loaded.spec_bytes != spec_bytes:
            raise ValueError(f"part {part.name}: its feature spec differs from that of {parts[0].name}")
        spec_bytes = loaded.spec_bytes
        spec = json.loads(spec_bytes)
        columns = _columns(spec, loaded.sources)
        series = SeriesSpec(concepts=tuple(spec["series"]["concepts"]), max_tokens=int(spec["series"]["maxTokens"]))
        series_sources = _series_sources(columns, series)
        vectors, encoder = _note_vectors(part)
        if encoder is not None:
            encoders.append(encoder)
        own = _rows_of(part, loaded.features, series, source, target_names, vectors, encoder)
        rows.append(own.where(own.subset == part.subset) if part.subset else own)
        sha256[part.name], cards[part.name] = loaded.sha256, card
    if columns is None or series is None:
        raise ValueError("a configuration needs at least one part")
    if any(encoder != encoders[0] for encoder in encoders):
        raise ValueError("the parts have note vectors of different encoders")
    dimension = encoders[0]["dimension"] if encoders else 1
    return EnsembleData(
        rows=_joined([_with_dimension(own, dimension) for own in rows]),
        columns=columns,
        series=series,
        series_sources=series_sources,
        spec_bytes=spec_bytes,
        note_encoder=encoders[0] if encoders else None,
        sha256=sha256,
        cards=cards,
    )


def _columns(spec: dict[str, Any], sources: list[list[str]]) -> Columns:
    own = spec["tabular"]
    return Columns(
        names=tuple(c["name"] for c in own),
        concepts=tuple(c["concept"] for c in own),
        kinds=tuple(c["kind"] for c in own),
        statistics=tuple(c.get("statistic", "") for c in own),
        sources=tuple(tuple(s) for s in sources),
    )


def _series_sources(columns: Columns, series: SeriesSpec) -> tuple[str, ...]:
    by_concept = {c: s[0] for c, s in zip(columns.concepts, columns.sources, strict=True) if len(s) == 1}
    return tuple(by_concept.get(concept, "") for concept in series.concepts)


def _rows_of(
    part: PartRequest,
    features: FloatRows,
    series: SeriesSpec,
    source: str,
    target_names: Sequence[str],
    vectors: dict[str, NDArray[np.float32]],
    encoder: dict[str, Any] | None,
) -> EnsembleRows:
    episodes = pq.read_table(part.folder / "episodes.parquet", use_threads=False)
    count = episodes.num_rows

    def text(name: str) -> NDArray[np.str_]:
        return np.array(episodes[name].fill_null("").to_pylist(), dtype=np.str_).reshape(count)

    def flag(name: str) -> NDArray[np.bool_]:
        return np.array(episodes[name].fill_null(False).to_pylist(), dtype=bool).reshape(count)

    ids = text("episode_id")
    stay = np.array(
        [f"{part.name}/{s or c}" for s, c in zip(text("stay_id"), text("chart_id"), strict=True)], dtype=str
    )
    group = stay if part.role != "transfusion" else np.array([f"{part.name}/{i}" for i in ids], dtype=str)
    _, inverse, counts = np.unique(group, return_inverse=True, return_counts=True)
    targets = np.full((count, len(target_names)), np.nan)
    for k, name in enumerate(target_names):
        known = episodes[TARGETS[name]].to_pylist()
        targets[:, k] = [np.nan if value is None else float(value) for value in known]
    landmark = [np.nan if hour is None else float(hour) for hour in episodes["landmark_hour"].to_pylist()]
    concept_ids, hours, values = _series_arrays(part.folder, ids, series.max_tokens)
    dimension = int(encoder["dimension"]) if encoder else 1
    note_vector = np.zeros((count, dimension), dtype=np.float32)
    has_notes = np.zeros(count, dtype=bool)
    for i, episode in enumerate(ids):
        vector = vectors.get(str(episode))
        if vector is not None:
            note_vector[i], has_notes[i] = vector, True
    return EnsembleRows(
        target_names=tuple(target_names),
        episode=ids,
        # The same number under two sources is two patients.
        patient=np.array([f"{source}:{p}" for p in text("patient_id")], dtype=str),
        source=np.full(count, source),
        role=np.full(count, part.role),
        subset=text("subset"),
        group=group,
        landmark_hour=np.array(landmark, dtype=np.float64),
        scoreable=flag("scoreable"),
        first=flag("first_of_patient"),
        weight=part.weight / counts[inverse].astype(np.float64),
        targets=targets,
        features=features,
        concept_ids=concept_ids,
        hours_before=hours,
        values=values,
        note_vector=note_vector,
        has_notes=has_notes,
        texts=_texts(part.folder, ids),
    )


def _series_arrays(
    folder: Path, ids: NDArray[np.str_], max_tokens: int
) -> tuple[NDArray[np.int64], FloatRows, FloatRows]:
    table = pq.read_table(folder / "series.parquet", use_threads=False)
    if table["episode_id"].to_pylist() != ids.tolist():
        raise ValueError(f"{folder}: series.parquet and episodes.parquet hold different episodes")
    concept_ids = np.zeros((len(ids), max_tokens), dtype=np.int64)
    hours = np.zeros((len(ids), max_tokens), dtype=np.float32)
    values = np.zeros((len(ids), max_tokens), dtype=np.float32)
    for name, out in (("concept_ids", concept_ids), ("hours_before", hours), ("values", values)):
        for i, own in enumerate(table[name].to_pylist()):
            out[i, : len(own)] = own
    return concept_ids, hours, values


def _texts(folder: Path, ids: NDArray[np.str_]) -> NDArray[np.object_]:
    table = pq.read_table(folder / "notes.parquet", columns=["episode_id", "text"], use_threads=False)
    by_episode: dict[str, list[str]] = {}
    for episode, chunk in zip(table["episode_id"].to_pylist(), table["text"].to_pylist(), strict=True):
        by_episode.setdefault(episode, []).append(chunk)
    out = np.empty(len(ids), dtype=object)
    for i, episode in enumerate(ids):
        out[i] = "\n".join(by_episode.get(str(episode), []))
    return out


def _note_vectors(part: PartRequest) -> tuple[dict[str, NDArray[np.float32]], dict[str, Any] | None]:
    if part.note_vectors is None:
        return {}, None
    if not (part.note_vectors / "DONE").exists():
        raise ValueError(f"part {part.name}: {part.note_vectors.name} is not finished (no DONE)")
    about = json.loads((part.note_vectors / "note-vectors.json").read_text(encoding="utf-8"))
    _require_sha256(part.note_vectors / "note-vectors.parquet", about["vectorsSha256"])
    _require_sha256(part.folder / "notes.parquet", about["notesSha256"])
    table = pq.read_table(part.note_vectors / "note-vectors.parquet", use_threads=False)
    ids = table["episode_id"].to_pylist()
    vectors = [np.array(vector, dtype=np.float32) for vector in table["vector"].to_pylist()]
    return dict(zip(ids, vectors, strict=True)), about["encoder"]


def _require_sha256(path: Path, expected: str) -> None:
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != expected:
        raise ValueError(f"{path.name}: the note vectors speak of sha256 {expected}, found {found}")


def _with_dimension(rows: EnsembleRows, dimension: int) -> EnsembleRows:
    if rows.note_vector.shape[1] == dimension:
        return rows
    return replace(rows, note_vector=np.zeros((len(rows), dimension), dtype=np.float32))


def _joined(parts: Sequence[EnsembleRows]) -> EnsembleRows:
    changed: dict[str, Any] = {
        f.name: np.concatenate([getattr(part, f.name) for part in parts])
        for f in fields(EnsembleRows)
        if f.name != "target_names"
    }
    return replace(parts[0], **changed)


def rows_sha256(rows: EnsembleRows) -> str:
    """One hash over episodes, patients and targets: which rows a run learned from, and what it was told of them."""
    digest = hashlib.sha256()
    for episode, patient, target in zip(rows.episode, rows.patient, rows.targets, strict=True):
        digest.update(f"{episode}\t{patient}\t{target.tolist()}\n".encode())
    return digest.hexdigest()
