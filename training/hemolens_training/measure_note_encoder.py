"""What 8 bits cost a note encoder: ``python -m hemolens_training.measure_note_encoder CHECKPOINT [NOTES-FOLDER]``.

For float32, dynamic and weight-only: file size, cosine with float32 on clinical sentences and on whole notes, cosine of
a text alone with itself in a padded batch, and milliseconds a chunk in Node on one thread, the least over rounds that
take turns. NOTES-FOLDER holds the CSV files of MTS-Dialog and ACI-Bench; without it the golden texts stand in. Prints
a Markdown table.
"""

from __future__ import annotations

import csv
import itertools
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from tokenizers import Tokenizer

from hemolens_training.checkpoint import open_checkpoint
from hemolens_training.encoder_golden import TEXTS
from hemolens_training.encoder_graph import OUTPUT, embed, float_graph, open_session
from hemolens_training.quantise import quantise

SENTENCES, NOTES, SEED = 60, 60, 1
ROUNDS = 3
MOST_TOKENS = 256
REPOSITORY = Path(__file__).resolve().parents[2]


def main(checkpoint_folder: Path, notes: Path | None) -> None:
    """Prints the table."""
    checkpoint = open_checkpoint(checkpoint_folder)
    tokenizer = Tokenizer.from_str(json.dumps(checkpoint.tokenizer))
    sentences, whole = _texts(notes)
    tokens = {
        "sentences": [tokenizer.encode(text).ids[:MOST_TOKENS] for text in sentences],
        "notes": [tokenizer.encode(text).ids[:MOST_TOKENS] for text in whole],
    }
    exact = float_graph(checkpoint)
    graphs = {"float32": exact, "dynamic": quantise(exact, "dynamic"), "weight-only": quantise(exact, "weight-only")}
    reference = {name: _embed_all(open_session(exact), ids) for name, ids in tokens.items()}
    times = _times(graphs)
    print(f"{len(sentences)} sentences, {len(whole)} notes of up to {MOST_TOKENS} tokens\n")
    columns = ("", "MB", "sentences: lowest, mean cosine", "notes: lowest, mean", "in a padded batch: lowest")
    print(f"| {' | '.join((*columns, '128 tokens, ms', '256 tokens, ms'))} |\n{'|---' * 7}|")
    for name, graph in graphs.items():
        session = open_session(graph)
        cells = [name, f"{len(graph.SerializeToString()) / 1e6:.1f}"]
        for kind, ids in tokens.items():
            cosine = np.sum(_embed_all(session, ids) * reference[kind], axis=1)
            cells.append(f"{cosine.min():.4f}, {cosine.mean():.4f}")
        cells.append(f"{_in_batch(session, tokens['sentences']):.6f}")
        cells.extend(f"{times[name][length]:.0f}" for length in ("128", "256"))
        print(f"| {' | '.join(cells)} |")


def _texts(folder: Path | None) -> tuple[list[str], list[str]]:
    if folder is None:
        return list(TEXTS), list(TEXTS)
    notes: list[str] = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            notes.extend(row.get("section_text") or row.get("note") or "" for row in csv.DictReader(file))
    rng = np.random.default_rng(SEED)
    sentences = sorted({line.strip() for note in notes for line in note.split(".") if 40 <= len(line.strip()) <= 300})
    long = [note for note in notes if len(note) > 600]
    return (
        [sentences[at] for at in rng.choice(len(sentences), SENTENCES, replace=False)],
        [long[at] for at in rng.choice(len(long), NOTES, replace=False)],
    )


def _embed_all(session: onnxruntime.InferenceSession, tokens: list[list[int]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([embed(session, ids) for ids in tokens], dtype=np.float64)


def _in_batch(session: onnxruntime.InferenceSession, tokens: list[list[int]]) -> float:
    """Lowest cosine of a text alone with the same text beside its neighbour, padded to the longer of the two."""
    names = [item.name for item in session.get_inputs()]
    lowest = 1.0
    for one, two in itertools.pairwise(tokens):
        length = max(len(one), len(two))
        ids = np.array([[*text, *[0] * (length - len(text))] for text in (one, two)], dtype=np.int64)
        mask = np.array([[1] * len(text) + [0] * (length - len(text)) for text in (one, two)], dtype=np.int64)
        known = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = session.run([OUTPUT], {name: known[name] for name in names})[0][0][: len(one)]
        mean = hidden.astype(np.float64).mean(axis=0)
        lowest = min(lowest, float(np.dot(mean / np.linalg.norm(mean), embed(session, one))))
    return lowest


def _times(graphs: dict[str, onnx.ModelProto]) -> dict[str, dict[str, float]]:
    """Graph → tokens → least milliseconds of a run: other work on the machine only ever adds."""
    least = {name: {"128": np.inf, "256": np.inf} for name in graphs}
    with tempfile.TemporaryDirectory() as folder:
        for name, graph in graphs.items():
            (Path(folder) / f"{name}.onnx").write_bytes(graph.SerializeToString())
        for name in list(graphs) * ROUNDS:
            path = str(Path(folder) / f"{name}.onnx")
            command = ["node", "--import", "tsx", "bench/note-encoder/time-graph.ts", path]
            answer = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True, encoding="utf-8")
            for length, found in json.loads(answer.stdout).items():
                least[name][length] = min(least[name][length], float(found["leastMs"]))
    return least


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else None)
