"""``export`` of an ensemble: graphs, trees, stack, golden rows and cards become a bundle; manifest.json is written
last."""

from __future__ import annotations

import hashlib
import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from hemolens_training.ensemble.config import EnsembleConfig, load_ensemble_config
from hemolens_training.ensemble.folds import load_refit
from hemolens_training.ensemble.learners import LEARNERS, FittedLearners
from hemolens_training.ensemble.rows import EnsembleData, EnsembleRows
from hemolens_training.golden import golden_inputs
from hemolens_training.metrics import Vector, sigmoid
from hemolens_training.networks.attention import set_explicit
from hemolens_training.networks.multimodal import MultimodalNetwork
from hemolens_training.networks.tensors import INPUT_NAMES, ModalityTensors
from hemolens_training.onnx_export import export_onnx
from hemolens_training.run_folder import create_folder, read_json, require_done, write_json
from hemolens_training.text_learner import TextHead
from hemolens_training.trees import FloatRows, raw_scores, tree_model_json

#: Legacy exporter at 17; ONNX Runtime 1.30 in Node reads IR 10.
OPSET, LARGEST_IR = 17, 10
#: Between torch and ONNX Runtime, in log-odds.
GRAPH_TOLERANCE = 1e-4
#: What the series graph reads, in order.
SERIES_INPUTS = ("tabular", "concept_ids", "hours_before", "values", "token_mask")


class SeriesGraph(nn.Module):
    """Mean over the members of the series head's log-odds."""

    def __init__(self, members: list[MultimodalNetwork]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(
        self, tabular: Tensor, concept_ids: Tensor, hours_before: Tensor, values: Tensor, token_mask: Tensor
    ) -> Tensor:
        """[N, …] → [N, 1]."""
        total = torch.zeros_like(tabular[:, :1])
        for member in self.members:
            assert isinstance(member, MultimodalNetwork)
            total = total + member.series_logits(tabular, concept_ids, hours_before, values, token_mask)[:, :1]
        return total / len(self.members)


class FusionGraph(nn.Module):
    """Mean over the members of the fused log-odds and of the gate; with ``detailed`` also of the attention.

    A model without notes has no note inputs: their places are filled with what an absent modality gives.
    """

    def __init__(self, members: list[MultimodalNetwork], *, detailed: bool) -> None:
        super().__init__()
        self.members, self.detailed = nn.ModuleList(members), detailed

    def forward(
        self,
        tabular: Tensor,
        concept_ids: Tensor,
        hours_before: Tensor,
        values: Tensor,
        token_mask: Tensor,
        note_vector: Tensor | None = None,
        notes_present: Tensor | None = None,
    ) -> tuple[Tensor, ...]:
        """[N, …] → log-odds [N, 1], gate [N, 3], attention [N, T + 1]."""
        nothing = torch.zeros_like(token_mask[:, :1])
        batch = ModalityTensors(
            tabular=tabular,
            concept_ids=concept_ids,
            hours_before=hours_before,
            values=values,
            token_mask=token_mask,
            note_vector=nothing if note_vector is None else note_vector,
            notes_present=nothing if notes_present is None else notes_present,
        )
        outputs = [member(batch) for member in self.members]
        count = len(outputs)
        logit = sum((own.fusion[:, :1] for own in outputs), start=nothing) / count
        gate = sum((own.gate for own in outputs[1:]), start=outputs[0].gate) / count
        attention = sum((own.attention for own in outputs[1:]), start=outputs[0].attention) / count
        return (logit, gate, attention) if self.detailed else (logit, gate)


class TextGraph(nn.Module):
    """The logistic text head, in double: its weights and its intercept are large and cancel."""

    def __init__(self, head: TextHead) -> None:
        super().__init__()
        self.register_buffer("weights", torch.from_numpy(head.weights)[:, None])
        self.register_buffer("intercept", torch.tensor([float(head.intercept)], dtype=torch.float64))

    weights: Tensor
    intercept: Tensor

    def forward(self, note_vector: Tensor) -> Tensor:
        """[N, dimension] → [N, 1]."""
        return (torch.matmul(note_vector.double(), self.weights) + self.intercept).float()


def export_graph(module: nn.Module, inputs: dict[str, Tensor], outputs: list[str], path: Path) -> None:
    """Writes ``module`` in its written-out form with a dynamic batch axis and checks that the runtime can read it."""
    module.eval()
    set_explicit(module, explicit=True)
    buffer = io.BytesIO()
    torch.onnx.export(
        module,
        tuple(inputs.values()),
        buffer,  # type: ignore[arg-type]
        input_names=list(inputs),
        output_names=outputs,
        dynamic_axes={name: {0: "N"} for name in [*inputs, *outputs]},
        opset_version=OPSET,
        dynamo=False,
    )
    model = onnx.load_model_from_string(buffer.getvalue())
    model.ir_version = min(model.ir_version, LARGEST_IR)
    model.doc_string = ""
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString(deterministic=True))
    set_explicit(module, explicit=False)


def _feeds(rows: EnsembleRows, names: tuple[str, ...]) -> dict[str, Tensor]:
    tensors = rows.tensors()
    return {name: getattr(tensors, name) for name in names}


def run_graph(path: Path, rows: EnsembleRows, names: tuple[str, ...]) -> list[Vector]:
    """Outputs of an exported graph, row by row as the service asks."""
    session = onnxruntime.InferenceSession(str(path))
    feeds = {name: value.numpy() for name, value in _feeds(rows, names).items()}
    wanted = [output.name for output in session.get_outputs()]
    found = [session.run(wanted, {name: value[i : i + 1] for name, value in feeds.items()}) for i in range(len(rows))]
    return [np.concatenate([own[k] for own in found]).astype(np.float64) for k in range(len(wanted))]


def export_ensemble(
    *, data: EnsembleData, run: Path, out: Path, evidence: Path | None = None, golden_count: int | None = None
) -> Path:
    """Writes the bundle ``out``; ``evidence``: another run's evaluation folder that is kept beside this one's.

    ``golden_count``: more golden rows than the configuration says, to let the service compare many.

    Raises FileExistsError when ``out`` exists and ValueError when a graph, a tree or the data differ from the run's.
    """
    require_done(run)
    require_done(run / "evaluation")
    config = load_ensemble_config(run / "config.toml")
    about = read_json(run / "run.json")
    if about["datasets"] != data.sha256 or about["noteEncoder"] != data.note_encoder:
        raise ValueError("the run was trained on other data or with another note encoder")
    fitted = load_refit(run, data, config)
    golden = golden_rows(fitted, data, config, count=golden_count or config.export.golden_rows)
    create_folder(out)
    (out / "feature-spec.json").write_bytes(data.spec_bytes)
    learners = _write_learners(out, fitted, golden, data, config)
    stack = read_json(run / "stack.json")
    write_json(
        out / "stack.json", {"kind": "affine-logit", **{k: stack[k] for k in ("patterns", "calibration", "references")}}
    )
    write_json(out / "golden.json", _golden_json(golden, fitted, stack, data, config), indent=None)
    shutil.copytree(
        run / "evaluation", out / "evaluation", ignore=shutil.ignore_patterns("DONE", "*.npz", "repetitions")
    )
    shutil.copyfile(run / "config.toml", out / "evaluation" / "config.toml")
    if evidence is not None:
        (out / "evaluation" / "evidence").mkdir()
        for name in ("report.json", "report.md"):
            shutil.copyfile(evidence / name, out / "evaluation" / "evidence" / name)
    card = (run / "evaluation" / "MODEL_CARD.md").read_text(encoding="utf-8")
    (out / "evaluation" / "MODEL_CARD.md").unlink()
    (out / "MODEL_CARD.md").write_text(card, encoding="utf-8")
    write_json(out / "manifest.json", _manifest(out, run, learners, data, config))
    return out


def _write_learners(
    out: Path, fitted: FittedLearners, golden: EnsembleRows, data: EnsembleData, config: EnsembleConfig
) -> list[dict[str, Any]]:
    logits = fitted.logits(golden, data, config)
    columns = len(data.columns.names)
    write_json(out / "gbm.json", tree_model_json(fitted.trees, list(data.columns.names)), indent=None)
    (out / "gbm.onnx").write_bytes(
        export_onnx(fitted.trees, columns=columns, parts=config.export.parts).SerializeToString(deterministic=True)
    )
    _require_same(
        "gbm.onnx",
        run_graph(out / "gbm.onnx", golden, ("tabular",))[0][:, 0],
        raw_scores(fitted.trees, golden.features),
        config.export.golden_tolerance,
    )
    entries = [
        {
            "id": "gbm",
            "kind": "lightgbm",
            "modalities": ["tabular"],
            "requires": ["tabular"],
            "graph": "gbm.onnx",
            "trees": "gbm.json",
            **_tensors(("tabular",), data),
        },
        {
            "id": "series",
            "kind": "network",
            "modalities": ["series"],
            "requires": ["series"],
            "graph": "series.onnx",
            **_tensors(SERIES_INPUTS, data),
        },
    ]
    export_graph(SeriesGraph(fitted.networks), _feeds(golden, SERIES_INPUTS), ["logit"], out / "series.onnx")
    _require_same(
        "series.onnx", run_graph(out / "series.onnx", golden, SERIES_INPUTS)[0][:, 0], logits["series"], GRAPH_TOLERANCE
    )
    if fitted.text is not None:
        export_graph(TextGraph(fitted.text), _feeds(golden, ("note_vector",)), ["logit"], out / "text.onnx")
        _require_same(
            "text.onnx",
            run_graph(out / "text.onnx", golden, ("note_vector",))[0][:, 0],
            logits["text"],
            GRAPH_TOLERANCE,
        )
        entries.append(
            {
                "id": "text",
                "kind": "network",
                "modalities": ["notes"],
                "requires": ["notes"],
                "graph": "text.onnx",
                **_tensors(("note_vector",), data),
            }
        )
    names = SERIES_INPUTS if data.note_encoder is None else INPUT_NAMES
    for name, outputs, detailed in (
        ("fusion.onnx", ["logit", "gate"], False),
        ("fusion-detail.onnx", ["logit", "gate", "attention"], True),
    ):
        export_graph(FusionGraph(fitted.networks, detailed=detailed), _feeds(golden, names), outputs, out / name)
        _require_same(name, run_graph(out / name, golden, names)[0][:, 0], logits["fusion"], GRAPH_TOLERANCE)
    entries.append(
        {
            "id": "fusion",
            "kind": "network",
            "modalities": ["tabular", "series"] + ([] if data.note_encoder is None else ["notes"]),
            "requires": [],
            "graph": "fusion.onnx",
            "detailGraph": "fusion-detail.onnx",
            **_tensors(names, data),
            "gate": {"name": "gate", "type": "float32", "shape": [None, 3]},
        }
    )
    return sorted(entries, key=lambda entry: LEARNERS.index(str(entry["id"])))


def _tensors(names: tuple[str, ...], data: EnsembleData) -> dict[str, Any]:
    tokens, dimension = data.series.max_tokens, int(data.rows.note_vector.shape[1])
    widths = {"tabular": len(data.columns.names), "note_vector": dimension, "notes_present": 1}
    inputs = [
        {"name": n, "type": "int64" if n == "concept_ids" else "float32", "shape": [None, widths.get(n, tokens)]}
        for n in names
    ]
    return {"inputs": inputs, "output": {"name": "logit", "type": "float32", "shape": [None, 1]}}


def _require_same(name: str, found: Vector, expected: Vector, tolerance: float) -> None:
    off = float(np.abs(found - expected).max())
    if not off <= tolerance:
        raise ValueError(f"{name} differs from what was trained by {off} (allowed {tolerance})")


def golden_rows(fitted: FittedLearners, data: EnsembleData, config: EnsembleConfig, *, count: int) -> EnsembleRows:
    """Made-up rows: cells drawn column by column, tokens position by position; no row is a patient's.

    Some have no token, some no note, the last but one nothing but an age, the last nothing at all.
    """
    base = data.rows.where(data.rows.role != "pretraining")
    rng = np.random.default_rng(config.seed)
    features = golden_inputs(fitted.trees, base.features, rows=count, seed=config.seed)
    rows = base.take(np.zeros(count, dtype=np.int64))
    concept_ids = np.zeros((count, data.series.max_tokens), dtype=np.int64)
    hours, values = np.zeros(concept_ids.shape, dtype=np.float32), np.zeros(concept_ids.shape, dtype=np.float32)
    grid = _value_grid(base)
    lengths = rng.choice((base.concept_ids > 0).sum(axis=1), size=count)
    lengths[::8] = 0
    lengths[-2:] = 0
    age = data.columns.names.index("age")
    features[-2] = np.where(np.arange(features.shape[1]) == age, np.float32(71), np.nan)
    for i, length in enumerate(lengths):
        own = np.sort(np.round(rng.uniform(0, 48, size=length), 2)).astype(np.float32)
        ids = rng.choice(list(grid), size=length) if length else np.zeros(0, dtype=np.int64)
        concept_ids[i, :length], hours[i, :length] = ids, own
        values[i, :length] = [rng.choice(grid[int(c)]) for c in ids]
    vectors = _note_vectors(base, count, rng)
    has_notes = (np.arange(count) % 3 != 0) & (data.note_encoder is not None)
    has_notes[-2:] = False
    return EnsembleRows(
        **{
            **{name: getattr(rows, name) for name in rows.__dataclass_fields__},
            "features": features,
            "concept_ids": concept_ids,
            "hours_before": hours,
            "values": values,
            "note_vector": vectors * has_notes[:, None],
            "has_notes": has_notes,
        }
    )


def _note_vectors(rows: EnsembleRows, count: int, rng: np.random.Generator) -> FloatRows:
    """Drawn place by place around the mean of all note vectors."""
    seen = rows.note_vector[rows.has_notes]
    shape = (count, rows.note_vector.shape[1])
    if not len(seen):
        return np.zeros(shape, dtype=np.float32)
    drawn = seen.mean(axis=0) + rng.normal(size=shape) * seen.std(axis=0)
    return np.asarray(np.round(drawn, 4), dtype=np.float32)


def _value_grid(rows: EnsembleRows) -> dict[int, FloatRows]:
    grid = {}
    for concept in np.unique(rows.concept_ids):
        if concept == 0:
            continue
        own = rows.values[rows.concept_ids == concept]
        if len(own) >= 200:
            cuts = np.percentile(own, np.arange(2.5, 100.0, 5.0))
            grid[int(concept)] = np.array([float(f"{v:.4g}") for v in cuts], dtype=np.float32)
    return grid


def _golden_json(
    rows: EnsembleRows, fitted: FittedLearners, stack: dict[str, Any], data: EnsembleData, config: EnsembleConfig
) -> dict[str, Any]:
    logits = fitted.logits(rows, data, config)
    gates = _gates(rows, fitted)
    content = []
    for i in range(len(rows)):
        length = int((rows.concept_ids[i] > 0).sum())
        there = [
            name
            for name in LEARNERS
            if name in logits
            and not (name == "series" and length == 0)
            and not (name == "text" and not rows.has_notes[i])
        ]
        own = {name: float(logits[name][i]) for name in there}
        calibrated = calibrated_logit(stack, own)
        entry: dict[str, Any] = {
            "tabular": [None if np.isnan(v) else _number(float(v)) for v in rows.features[i]],
            "logits": own,
            "gate": [float(v) for v in gates[i]],
            "calibratedLogit": calibrated,
            "probability": float(sigmoid(np.array([calibrated]))[0]),
        }
        if length:
            entry["series"] = {
                "conceptIds": rows.concept_ids[i, :length].tolist(),
                "hoursBefore": [_number(float(v)) for v in rows.hours_before[i, :length]],
                "values": [_number(float(v)) for v in rows.values[i, :length]],
            }
        if rows.has_notes[i]:
            entry["noteVector"] = [_number(float(v)) for v in rows.note_vector[i]]
        content.append(entry)
    return {"tolerance": {"logit": GRAPH_TOLERANCE}, "rows": content}


def _gates(rows: EnsembleRows, fitted: FittedLearners) -> Vector:
    with torch.no_grad():
        found = [network(rows.tensors()).gate.double().numpy() for network in fitted.networks]
    return np.asarray(np.mean(found, axis=0), dtype=np.float64)


def calibrated_logit(stack: dict[str, Any], logits: dict[str, float]) -> float:
    """What the service computes from these learners' logits; raises ValueError for a pattern the stack does not
    know."""
    for pattern in stack["patterns"]:
        if sorted(pattern["learners"]) == sorted(logits):
            total = pattern["intercept"] + sum(weight * logits[name] for name, weight in pattern["weights"].items())
            return float(stack["calibration"]["slope"] * total + stack["calibration"]["intercept"])
    raise ValueError(f"the stack has no weights for {', '.join(sorted(logits))}")


def _number(value: float) -> float | int:
    whole = value == int(value) and abs(value) < 2**53 and not (value == 0 and np.signbit(value))
    return int(value) if whole else value


def _manifest(
    out: Path, run: Path, learners: list[dict[str, Any]], data: EnsembleData, config: EnsembleConfig
) -> dict[str, Any]:
    counts, about = read_json(run / "rows.json"), read_json(run / "run.json")
    report = read_json(run / "evaluation" / "report.json")
    files = {
        path.relative_to(out).as_posix(): {"sha256": _sha256(path.read_bytes()), "bytes": path.stat().st_size}
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }
    encoder = data.note_encoder
    return {
        "bundleVersion": 2,
        "id": config.bundle.id,
        "version": config.bundle.version,
        "title": config.bundle.title,
        "outcome": config.bundle.outcome,
        "population": {
            "description": config.bundle.population,
            "baseRate": round(float(report["baseRate"]), 4),
            "icuOnly": config.bundle.icu_only,
        },
        "trainingData": [
            {"source": name, "rows": own["labelled"], "events": own["events"]} for name, own in counts["byRole"].items()
        ],
        "training": {
            "parts": {
                p.name: {
                    "source": data.cards[p.name]["source"]["title"],
                    "citation": data.cards[p.name]["source"]["citation"],
                    "licence": data.cards[p.name]["source"]["licence"],
                    "role": p.role,
                    "datasetSha256": data.sha256[p.name],
                }
                for p in config.data.parts
                if p.name in data.cards
            },
            "counts": counts,
            "foldsSha256": _sha256((run / "folds.tsv").read_bytes()),
            "seconds": read_json(run / "seconds.json"),
            "seed": config.seed,
            "versions": about["versions"],
            "gitCommit": about["gitCommit"],
        },
        "files": files,
        "featureSpecSha256": _sha256(data.spec_bytes),
        **(
            {}
            if encoder is None
            else {"noteEncoder": {k: encoder[k] for k in ("id", "sha256", "dimension", "pooling")}}
        ),
        "baseLearners": learners,
    }


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
