"""``predict``: a bundle's logits for record files alone, through the same mapping and the same exported graphs."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from hemolens_training.ensemble.data import hemolens
from hemolens_training.ensemble.export import calibrated_logit
from hemolens_training.ensemble.rows import EnsembleRows, PartRequest, load_ensemble_data
from hemolens_training.metrics import Vector, sigmoid
from hemolens_training.run_folder import read_json
from hemolens_training.trees import FloatRows

#: `hemolens cohort build` options with which a source's records are read as they are, without outcomes.
RECORDS_ALONE = {"challenge-2012": ["--every-record"]}


def predict(*, bundle: Path, source: str, path: Path, out: Path) -> int:
    """Writes ``record_id,logit,probability`` for every record, in the order of their ids; returns how many.

    Needs no outcomes and reads none. Raises FileExistsError when ``out`` exists, ValueError for another source.
    """
    if out.exists():
        raise FileExistsError(f"{out} exists already: nothing is overwritten")
    if source not in RECORDS_ALONE:
        raise ValueError(f"records alone are read from {', '.join(RECORDS_ALONE)}, not from {source}")
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "dataset"
        spec = str(bundle / "feature-spec.json")
        hemolens(
            [
                "cohort",
                "build",
                "--source",
                source,
                "--path",
                str(path),
                "--spec",
                spec,
                *RECORDS_ALONE[source],
                "--out",
                str(folder),
            ]
        )
        part = PartRequest(name="records", folder=folder, role="landmark", weight=1.0, note_vectors=None)
        data = load_ensemble_data([part], target_names=["in-hospital"], sources_allowed=[source])
        if data.spec_bytes != (bundle / "feature-spec.json").read_bytes():
            raise ValueError("the records were mapped by another feature spec than the bundle's")
        logit = bundle_logits(bundle, data.rows)
    ids = [name.split(":", 1)[1] for name in data.rows.patient]
    order = sorted(range(len(ids)), key=lambda i: (len(ids[i]), ids[i]))
    probability = sigmoid(logit)
    temporary = out.with_suffix(out.suffix + ".part")
    with temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["record_id", "logit", "probability"])
        writer.writerows([ids[i], repr(float(logit[i])), repr(float(probability[i]))] for i in order)
    temporary.replace(out)
    return len(ids)


def bundle_logits(bundle: Path, rows: EnsembleRows, *, batch_size: int = 64) -> Vector:
    """Calibrated log-odds of rows by the exported graphs, with the weights of each row's availability pattern."""
    manifest, stack = read_json(bundle / "manifest.json"), read_json(bundle / "stack.json")
    tensors = rows.tensors()
    logits: dict[str, Vector] = {}
    for learner in manifest["baseLearners"]:
        session = onnxruntime.InferenceSession(str(bundle / learner["graph"]))
        feeds = {
            i["name"]: getattr(tensors, i["name"]).numpy() for i in learner["inputs"] if i["name"] != "note_vector"
        }
        for i in learner["inputs"]:
            if i["name"] == "note_vector":
                feeds["note_vector"] = _note_vectors(rows, int(i["shape"][1]))
        found = [
            session.run(["logit"], {name: value[at : at + batch_size] for name, value in feeds.items()})[0][:, 0]
            for at in range(0, len(rows), batch_size)
        ]
        logits[learner["id"]] = np.concatenate(found).astype(np.float64) if found else np.zeros(0)
    tokens = np.asarray((rows.concept_ids > 0).any(axis=1))
    everywhere = np.ones(len(rows), dtype=bool)
    there: dict[str, NDArray[np.bool_]] = {"series": tokens, "notes": rows.has_notes, "tabular": everywhere}
    out = np.zeros(len(rows))
    for i in range(len(rows)):
        own = {
            learner["id"]: float(logits[learner["id"]][i])
            for learner in manifest["baseLearners"]
            if all(there[modality][i] for modality in learner.get("requires", learner["modalities"]))
        }
        out[i] = calibrated_logit(stack, own)
    return out


def _note_vectors(rows: EnsembleRows, dimension: int) -> FloatRows:
    if rows.note_vector.shape[1] == dimension:
        return rows.note_vector
    return np.zeros((len(rows), dimension), dtype=np.float32)
