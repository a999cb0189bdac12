"""Made-up dataset folders in the builder's layout, with series and notes that carry a planted signal."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hemolens_training.dataset import episodes_sha256, tabular_sha256

ROOT = Path(__file__).resolve().parents[2]
SPEC = ROOT / "models" / "icu-baseline" / "feature-spec.json"
WELL = ["Resting well on room air.", "Eats and walks.", "Plan: transfer to the ward.", "No bleeding seen."]
ILL = ["Worsening shock, more norepinephrine.", "Anuric, lactate rising.", "Bleeding goes on.", "Plan: family called."]


def write_dataset(
    folder: Path,
    *,
    source: str,
    patients: int,
    seed: int,
    landmarks: int = 1,
    is_transfusion: bool = False,
    with_notes: bool = True,
    lost: tuple[str, ...] = (),
) -> Path:
    """``patients`` × ``landmarks`` rows under the spec of models/icu-baseline; concepts in ``lost`` are never observed.

    Severity drives lactate and heart rate (columns and tokens), the words of the notes, and death.
    """
    rng = np.random.default_rng(seed)
    spec = json.loads(SPEC.read_text(encoding="utf-8"))
    folder.mkdir(parents=True)
    names = [c["name"] for c in spec["tabular"]]
    concepts = spec["series"]["concepts"]
    count = patients * landmarks
    severity = np.repeat(rng.normal(size=patients), landmarks)
    features = np.full((count, len(names)), np.nan, dtype=np.float32)
    for index, column in enumerate(spec["tabular"]):
        if column["concept"] in lost:
            continue
        noise = rng.normal(size=count)
        loading = 1.0 if column["concept"] in ("lactate", "hr") else 0.0
        if column["concept"] == "age":
            features[:, index] = 60 + 10 * noise
        elif column.get("statistic") == "count":
            features[:, index] = rng.poisson(3, size=count)
        else:
            features[:, index] = np.where(rng.random(count) < 0.7, 5 + loading * severity + noise, np.nan)
    dead = rng.random(count) < 1 / (1 + np.exp(-(-1.4 + 1.6 * severity)))
    dead = np.repeat(dead[::landmarks], landmarks)
    ids = [f"{source}/{seed}/{i:05d}" for i in range(count)]
    tokens: list[list[list[float]]] = [[], [], []]
    for i in range(count):
        length = int(rng.integers(0, 40)) if i % 10 else 0
        own = [int(c) for c in rng.integers(1, len(concepts) + 1, size=length) if concepts[c - 1] not in lost]
        tokens[0].append(own)
        tokens[1].append(np.sort(rng.uniform(0, 48, size=len(own))).astype(np.float32).tolist())
        signal = [severity[i] if concepts[c - 1] in ("lactate", "hr") else 0.0 for c in own]
        tokens[2].append((5 + np.array(signal) + rng.normal(size=len(own))).astype(np.float32).tolist())
    notes: dict[str, list] = {"episode_id": [], "chunk": [], "chunk_id": [], "kind": [], "hours_before": [], "text": []}
    for i in range(count if with_notes else 0):
        if i % 5 == 0:
            continue
        words = ILL if severity[i] + rng.normal(scale=0.5) > 0 else WELL
        text = " ".join(rng.choice(words, 2))
        digest = hashlib.sha256(text.encode()).hexdigest()
        for name, value in zip(notes, [ids[i], 0, digest, "progress", float(1 + i % 5), text], strict=True):
            notes[name].append(value)
    patient = [f"{source}-{seed}-{i // landmarks}" for i in range(count)]
    boolean = [bool(d) for d in dead]
    episodes = pa.table(
        {
            "episode_id": pa.array(ids),
            "patient_id": pa.array(patient),
            "chart_id": pa.array(patient),
            "stay_id": pa.array(patient),
            "subset": pa.array(["a" if (i // landmarks) % 2 else "b" for i in range(count)]),
            "landmark_hour": pa.array(
                [None if is_transfusion else 24 * (1 + i % landmarks) for i in range(count)], pa.int32()
            ),
            "scoreable": pa.array([i % 9 != 0 for i in range(count)]),
            "first_of_patient": pa.array([i % landmarks == 0 for i in range(count)]),
            **{name: pa.array(boolean) for name in ("label_7d", "label_24h", "label_72h", "label_in_hospital")},
        }
    )
    pq.write_table(episodes, folder / "episodes.parquet")
    tabular = {"episode_id": pa.array(ids)} | {n: pa.array(features[:, i], pa.float32()) for i, n in enumerate(names)}
    pq.write_table(pa.table(tabular), folder / "tabular.parquet")
    series = {"episode_id": pa.array(ids), "concept_ids": pa.array(tokens[0], pa.list_(pa.int32()))}
    series |= {n: pa.array(tokens[k], pa.list_(pa.float32())) for k, n in ((1, "hours_before"), (2, "values"))}
    pq.write_table(pa.table(series), folder / "series.parquet")
    types = {"chunk": pa.int32(), "hours_before": pa.float32()}
    pq.write_table(
        pa.table({n: pa.array(v, types.get(n, pa.string())) for n, v in notes.items()}), folder / "notes.parquet"
    )
    (folder / "feature-spec.json").write_bytes(SPEC.read_bytes())
    by_concept = {c["key"]: c["source"] for c in _dictionary()}
    described = [{"name": c["name"], "sources": [by_concept[c["concept"]]]} for c in spec["tabular"]]
    (folder / "columns.json").write_text(json.dumps({"columns": described}), encoding="utf-8")
    card = {
        "source": {"name": source, "title": f"Made-up {source}", "citation": "nobody.", "licence": "none"},
        "tabularSha256": tabular_sha256(ids, features),
        "episodesSha256": episodes_sha256(episodes),
    }
    (folder / "dataset-card.json").write_text(json.dumps(card), encoding="utf-8")
    (folder / "DONE").write_text("", encoding="utf-8")
    return folder


def _dictionary() -> list[dict]:
    content = json.loads((ROOT / "src" / "concepts" / "dictionary.json").read_text(encoding="utf-8"))
    return content["concepts"] if isinstance(content, dict) else content
