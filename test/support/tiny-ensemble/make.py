"""Makes `fixtures/`: a note encoder of random weights in the layout of `models/encoders/<id>`, and four
graphs of random weights that take every input of a base learner's vocabulary. Their scores mean nothing.

    .venv/bin/python test/support/tiny-ensemble/make.py

Columns, tokens and concepts are those of `test/support/tiny-bundle.ts`. The same bytes every time.
"""

from __future__ import annotations

import hashlib
import json
import string
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer

HERE = Path(__file__).parent / "fixtures"
ENCODER = HERE / "encoders" / "tiny-encoder"
DIMENSION = 8
COLUMNS = 6
TOKENS = 16
CONCEPTS = 6
MAX_WORD_PIECES = 30
WORDS = """
the of and to in with no not is was patient blood pressure heart lung liver kidney chest pain abdomen pneumonia oedema
bleeding transfusion red cells platelets plasma haemoglobin lactate creatinine fever sepsis shock acute chronic left
right effusion bilateral improved worse stable ventilated extubated overnight given started stopped on at for mg ml
units
""".split()
TEXTS = (
    "patient stable overnight , no bleeding .",
    "acute bilateral pneumonia with septic shock ; lactate 6.1 , creatinine 2.3 mg / dl",
    "_ was given 2 units of red cells at _ .",
    "oedema naïve café ångström σοφοσ 5 µg".replace("µ", "μ"),
)


def write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n")


def constant(name: str, values: np.ndarray) -> onnx.TensorProto:
    return numpy_helper.from_array(values, name)


def floats(name: str, *shape: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *shape])


def ints(name: str, *shape: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.INT64, ["N", *shape])


def save(path: Path, nodes: list, inputs: list, outputs: list, constants: list) -> None:
    graph = helper.make_graph(nodes, path.stem, inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())


def node(op: str, inputs: list[str], output: str, **attributes: object) -> onnx.NodeProto:
    return helper.make_node(op, inputs, [output], **attributes)


def make_tokenizer() -> int:
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = string.ascii_lowercase + string.digits
    vocabulary += [*letters, *string.punctuation, "σ", "μ", "ο", "φ"]
    vocabulary += [f"##{letter}" for letter in letters + "σοφ"] + [word for word in WORDS if len(word) > 1]
    write_json(
        ENCODER / "tokenizer.json",
        {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [
                {
                    "id": at,
                    "content": vocabulary[at],
                    "special": True,
                    "single_word": False,
                    "lstrip": False,
                    "rstrip": False,
                    "normalized": False,
                }
                for at in range(5)
            ],
            "normalizer": {
                "type": "BertNormalizer",
                "clean_text": True,
                "handle_chinese_chars": True,
                "strip_accents": None,
                "lowercase": True,
            },
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": {
                "type": "TemplateProcessing",
                "single": [
                    {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                    {"Sequence": {"id": "A", "type_id": 0}},
                    {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
                ],
                "pair": [
                    {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                    {"Sequence": {"id": "A", "type_id": 0}},
                    {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
                    {"Sequence": {"id": "B", "type_id": 1}},
                    {"SpecialToken": {"id": "[SEP]", "type_id": 1}},
                ],
                "special_tokens": {
                    "[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
                    "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]},
                },
            },
            "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
            "model": {
                "type": "WordPiece",
                "unk_token": "[UNK]",
                "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 100,
                "vocab": {token: at for at, token in enumerate(vocabulary)},
            },
        },
    )
    write_json(
        ENCODER / "tokenizer_config.json",
        {
            "tokenizer_class": "BertTokenizer",
            "do_lower_case": True,
            "model_max_length": MAX_WORD_PIECES + 2,
            "pad_token": "[PAD]",
            "unk_token": "[UNK]",
            "cls_token": "[CLS]",
            "sep_token": "[SEP]",
            "mask_token": "[MASK]",
        },
    )
    write_json(
        ENCODER / "config.json",
        {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_size": DIMENSION,
            "num_hidden_layers": 1,
            "num_attention_heads": 1,
            "vocab_size": len(vocabulary),
        },
    )
    return len(vocabulary)


def make_encoder() -> None:
    rng = np.random.default_rng(5)
    words = make_tokenizer()
    save(
        ENCODER / "onnx" / "model_quantized.onnx",
        [
            node("Gather", ["embeddings", "input_ids"], "embedded"),
            node("MatMul", ["embedded", "mixing"], "mixed"),
            node("Tanh", ["mixed"], "hidden"),
            node("Cast", ["attention_mask"], "mask_float", to=TensorProto.FLOAT),
            node("Unsqueeze", ["mask_float", "last_axis"], "mask"),
            node("Mul", ["hidden", "mask"], "last_hidden_state"),
        ],
        [ints("input_ids", "T"), ints("attention_mask", "T")],
        [floats("last_hidden_state", "T", DIMENSION)],
        [
            constant("embeddings", rng.normal(size=(words, DIMENSION)).astype(np.float32)),
            constant("mixing", rng.normal(size=(DIMENSION, DIMENSION)).astype(np.float32)),
            constant("last_axis", np.array([2], dtype=np.int64)),
        ],
    )
    tokenizer = Tokenizer.from_file(str(ENCODER / "tokenizer.json"))
    session = ort.InferenceSession(ENCODER / "onnx" / "model_quantized.onnx")
    golden = []
    for text in TEXTS:
        ids = tokenizer.encode(text).ids
        feeds = {"input_ids": np.array([ids]), "attention_mask": np.ones((1, len(ids)), dtype=np.int64)}
        mean = session.run(None, feeds)[0][0].mean(axis=0)
        vector = mean / np.linalg.norm(mean)
        golden.append({"text": text, "inputIds": ids, "embedding": [float(value) for value in vector]})
    write_json(ENCODER / "golden.json", {"texts": golden, "tolerance": {"cosine": 0.9999}})
    files = sorted(path for path in ENCODER.rglob("*") if path.is_file() and path.name != "encoder.json")
    write_json(
        ENCODER / "encoder.json",
        {
            "encoderVersion": 1,
            "id": ENCODER.name,
            "architecture": "one random layer",
            "dimension": DIMENSION,
            "maxWordPieces": MAX_WORD_PIECES,
            "pooling": "mean",
            "normalised": True,
            "quantisation": "none",
            "source": "random weights of make.py",
            "licence": "Apache-2.0",
            "files": {
                path.relative_to(ENCODER).as_posix(): {
                    "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                    "bytes": path.stat().st_size,
                }
                for path in files
            },
        },
    )


SERIES_INPUTS = [
    ints("concept_ids", TOKENS),
    floats("hours_before", TOKENS),
    floats("values", TOKENS),
    floats("token_mask", TOKENS),
]
NOTE_INPUTS = [floats("note_vector", DIMENSION), floats("notes_present", 1)]
LOGIT = floats("logit", 1)


def series_part(output: str) -> list:
    """Mean over the tokens of weight(concept) x value x 2^(-hours / 24), of which tanh."""
    return [
        node("Gather", ["concept_weights", "concept_ids"], "token_weights"),
        node("Mul", ["hours_before", "per_day"], "days"),
        node("Exp", ["days"], "recency"),
        node("Mul", ["token_weights", "values"], "weighted"),
        node("Mul", ["weighted", "recency"], "recent"),
        node("Mul", ["recent", "token_mask"], "kept"),
        node("ReduceSum", ["kept", "axis"], "token_sum", keepdims=1),
        node("ReduceSum", ["token_mask", "axis"], "token_count", keepdims=1),
        node("Add", ["token_count", "one"], "divisor"),
        node("Div", ["token_sum", "divisor"], "token_mean"),
        node("Tanh", ["token_mean"], output),
    ]


def note_part(output: str) -> list:
    return [
        node("MatMul", ["note_vector", "note_weights"], "note_sum"),
        node("Mul", ["note_sum", "notes_present"], output),
    ]


def constants(*names: str) -> list[onnx.TensorProto]:
    rng = np.random.default_rng(7)
    known = {
        "concept_weights": np.concatenate([[0], rng.normal(size=CONCEPTS) / 20]).astype(np.float32),
        "per_day": np.array([-np.log(2) / 24], dtype=np.float32),
        "axis": np.array([1], dtype=np.int64),
        "one": np.array([1], dtype=np.float32),
        "zero": np.array([0], dtype=np.float32),
        "far": np.array([-1e4], dtype=np.float32),
        "note_weights": rng.normal(size=(DIMENSION, 1)).astype(np.float32),
        "column_weights": (rng.normal(size=(COLUMNS, 1)) / 50).astype(np.float32),
        "gate_bias": np.array([[0.5, 0.2, -0.1]], dtype=np.float32),
    }
    return [constant(name, known[name]) for name in names]


SERIES_CONSTANTS = ["concept_weights", "per_day", "axis", "one"]


def make_graphs() -> None:
    save(HERE / "series.onnx", series_part("logit"), SERIES_INPUTS, [LOGIT], constants(*SERIES_CONSTANTS))
    save(HERE / "text.onnx", note_part("logit"), NOTE_INPUTS, [LOGIT], constants("note_weights"))
    fusion = [
        node("IsNaN", ["tabular"], "is_missing"),
        node("Where", ["is_missing", "zero", "tabular"], "filled"),
        node("MatMul", ["filled", "column_weights"], "column_sum"),
        node("Tanh", ["column_sum"], "tabular_logit"),
        *series_part("series_logit"),
        *note_part("note_logit"),
        node("Min", ["token_count", "one"], "series_present"),
        node("Mul", ["series_present", "zero"], "nothing"),
        node("Add", ["nothing", "one"], "tabular_present"),
        node("Concat", ["tabular_present", "series_present", "notes_present"], "present", axis=1),
        node("Sub", ["one", "present"], "missing"),
        node("Mul", ["missing", "far"], "masked"),
        node("Add", ["masked", "gate_bias"], "gate_scores"),
        node("Softmax", ["gate_scores"], "gate", axis=1),
        node("Concat", ["tabular_logit", "series_logit", "note_logit"], "logits", axis=1),
        node("Mul", ["gate", "logits"], "gated"),
        node("ReduceSum", ["gated", "axis"], "logit", keepdims=1),
    ]
    # Inputs in another order than the vocabulary's: they are taken by name.
    inputs = [*NOTE_INPUTS, *SERIES_INPUTS, floats("tabular", COLUMNS)]
    names = [*SERIES_CONSTANTS, "zero", "far", "note_weights", "column_weights", "gate_bias"]
    gate = floats("gate", 3)
    save(HERE / "fusion.onnx", fusion, inputs, [LOGIT, gate], constants(*names))
    detail = [
        node("Sub", ["one", "token_mask"], "padding"),
        node("Mul", ["padding", "far"], "padding_score"),
        node("Add", ["padding_score", "days"], "token_scores"),
        node("Concat", ["nothing", "token_scores"], "attention_scores", axis=1),
        node("Softmax", ["attention_scores"], "attention", axis=1),
    ]
    outputs = [LOGIT, gate, floats("attention", TOKENS + 1)]
    save(HERE / "fusion-detail.onnx", [*fusion, *detail], inputs, outputs, constants(*names))


def row(tokens: int, notes: bool, seed: int, tabular: np.ndarray) -> dict:
    rng = np.random.default_rng(seed)
    inputs = {
        "tabular": tabular[None].astype(np.float32),
        "concept_ids": np.zeros((1, TOKENS), dtype=np.int64),
        "hours_before": np.zeros((1, TOKENS), dtype=np.float32),
        "values": np.zeros((1, TOKENS), dtype=np.float32),
        "token_mask": np.zeros((1, TOKENS), dtype=np.float32),
        "note_vector": np.zeros((1, DIMENSION), dtype=np.float32),
        "notes_present": np.zeros((1, 1), dtype=np.float32),
    }
    inputs["concept_ids"][0, :tokens] = rng.integers(1, CONCEPTS + 1, size=tokens)
    inputs["hours_before"][0, :tokens] = np.sort(rng.uniform(0, 48, size=tokens))
    inputs["values"][0, :tokens] = rng.normal(size=tokens) * 20
    inputs["token_mask"][0, :tokens] = 1
    if notes:
        inputs["note_vector"][0] = rng.normal(size=DIMENSION)
        inputs["notes_present"][0] = 1

    def run(graph: str) -> list[np.ndarray]:
        session = ort.InferenceSession(HERE / graph)
        return session.run(None, {one.name: inputs[one.name] for one in session.get_inputs()})

    fused, gate = run("fusion.onnx")
    logits = {"fusion": float(fused[0, 0])}
    golden: dict = {}
    if tokens:
        logits["series"] = float(run("series.onnx")[0][0, 0])
        golden["series"] = {
            "conceptIds": [int(value) for value in inputs["concept_ids"][0, :tokens]],
            "hoursBefore": [float(value) for value in inputs["hours_before"][0, :tokens]],
            "values": [float(value) for value in inputs["values"][0, :tokens]],
        }
    if notes:
        logits["text"] = float(run("text.onnx")[0][0, 0])
        golden["noteVector"] = [float(value) for value in inputs["note_vector"][0]]
    return {**golden, "logits": logits, "gate": [float(value) for value in gate[0]]}


def make_rows() -> None:
    """Beside the rows that LightGBM scored: one for each availability, the last with every token taken."""
    scored = json.loads((HERE.parents[2] / "ensemble" / "fixtures" / "lightgbm-rows.json").read_text())
    shapes = [(5, True), (3, False), (0, True), (0, False), (TOKENS, True)]
    rows = []
    for at, (tokens, notes) in enumerate(shapes):
        tabular = np.array([np.nan if cell is None else float(cell) for cell in scored["rows"][at]])
        rows.append(row(tokens, notes, 11 + at, tabular))
    write_json(HERE / "rows.json", rows)


if __name__ == "__main__":
    make_encoder()
    make_graphs()
    make_rows()
