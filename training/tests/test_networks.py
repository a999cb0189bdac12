"""The networks: both forms of attention agree, gaps are masked, what a fold never saw cannot speak later."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hemolens_training.ensemble.export import FusionGraph, export_graph
from hemolens_training.metrics import log_loss
from hemolens_training.networks.attention import SelfAttention, masked_softmax, set_explicit
from hemolens_training.networks.augment import DropoutConfig, make_dropper, thinned
from hemolens_training.networks.encoders import make_encoder
from hemolens_training.networks.fit_network import FitConfig, FitRows, fit_network, network_logits
from hemolens_training.networks.multimodal import MultimodalNetwork, NetworkShape
from hemolens_training.networks.series_encoder import SeriesEncoderConfig
from hemolens_training.networks.tensors import INPUT_NAMES, ModalityTensors

PARITY = 1e-4
TOKENS, CONCEPTS, COLUMNS, DIMENSION = 12, 5, 6, 4


def batch(rows: int, *, seed: int = 1) -> ModalityTensors:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, TOKENS + 1, size=rows)
    mask = (np.arange(TOKENS) < lengths[:, None]).astype(np.float32)
    tabular = rng.normal(size=(rows, COLUMNS)).astype(np.float32)
    tabular[rng.random(tabular.shape) < 0.3] = np.nan
    present = (rng.random((rows, 1)) < 0.5).astype(np.float32)
    return ModalityTensors(
        tabular=torch.from_numpy(tabular),
        concept_ids=torch.from_numpy((rng.integers(1, CONCEPTS + 1, size=mask.shape) * mask).astype(np.int64)),
        hours_before=torch.from_numpy((np.sort(rng.uniform(0, 48, size=mask.shape)) * mask).astype(np.float32)),
        values=torch.from_numpy((rng.normal(size=mask.shape) * mask).astype(np.float32)),
        token_mask=torch.from_numpy(mask),
        note_vector=torch.from_numpy((rng.normal(size=(rows, DIMENSION)) * present).astype(np.float32)),
        notes_present=torch.from_numpy(present),
    )


def network(kind: str = "strats", *, fitted: ModalityTensors | None = None) -> MultimodalNetwork:
    torch.manual_seed(3)
    config = SeriesEncoderConfig(kind=kind, dimension=16, layers=2, heads=2, dropout=0.1, column_dropout=0.2)
    shape = NetworkShape(
        columns=COLUMNS, context_columns=(0, 1), concepts=CONCEPTS, note_dimension=DIMENSION, targets=2
    )
    made = MultimodalNetwork(config, shape)
    made.fit_scales(fitted if fitted is not None else batch(400))
    return made.eval()


def test_written_out_attention_is_the_fused_one():
    torch.manual_seed(1)
    attention = SelfAttention(16, 2).eval()
    own = batch(50)
    mask = torch.cat([torch.ones(50, 1), own.token_mask], dim=1)
    tokens = torch.randn(50, TOKENS + 1, 16)
    with torch.no_grad():
        fused = attention(tokens, mask)
        set_explicit(attention, explicit=True)
        assert (attention(tokens, mask) - fused).abs().max() <= PARITY


@pytest.mark.parametrize("kind", ["strats", "gru"])
def test_every_encoder_exports_and_answers_alike_with_gaps_of_every_kind(kind, tmp_path):
    import onnxruntime

    made = network(kind)
    rows = batch(1000, seed=7)
    rows.tabular[::50] = torch.nan
    graph = FusionGraph([made], detailed=True)
    feeds = {name: getattr(rows, name) for name in INPUT_NAMES}
    export_graph(graph, feeds, ["logit", "gate", "attention"], tmp_path / "fusion.onnx")
    with torch.no_grad():
        expected = made(rows)
    session = onnxruntime.InferenceSession(str(tmp_path / "fusion.onnx"))
    found = session.run(None, {name: value.numpy() for name, value in feeds.items()})
    assert np.abs(found[0][:, 0] - expected.fusion[:, 0].numpy()).max() <= PARITY
    assert np.abs(found[1] - expected.gate.numpy()).max() <= PARITY
    empty = rows.token_mask.sum(dim=1) == 0
    assert empty.any() and (found[1][empty.numpy(), 1] == 0).all()
    assert np.allclose(found[2].sum(axis=1), 1, atol=1e-5)


def test_padding_and_width_change_nothing():
    made, rows = network(), batch(64)
    trimmed = rows.trimmed()
    wider = rows.replace(values=torch.where(rows.token_mask == 1, rows.values, torch.tensor(9.0)))
    with torch.no_grad():
        assert (made(rows).fusion - made(trimmed).fusion).abs().max() <= 1e-5
        assert torch.equal(made(rows).fusion, made(wider).fusion)


def test_columns_and_concepts_that_a_fold_never_saw_are_silent():
    seen = batch(400)
    seen.tabular[:, 2] = torch.nan
    seen.token_mask[seen.concept_ids == 4] = 0
    seen = seen.replace(concept_ids=torch.where(seen.concept_ids == 4, 0, seen.concept_ids))
    made = network(fitted=seen)
    one = batch(30, seed=9)
    other = one.replace(tabular=one.tabular.clone(), values=torch.where(one.concept_ids == 4, 77.0, one.values))
    other.tabular[:, 2] = 1e6
    with torch.no_grad():
        assert torch.equal(made(one).fusion, made(other).fusion)


def test_an_absent_modality_is_masked_whatever_its_numbers_are():
    made, rows = network(), batch(30)
    without = rows.without_notes()
    strange = without.replace(note_vector=torch.full_like(without.note_vector, 1e3))
    with torch.no_grad():
        assert torch.equal(made(without).fusion, made(strange).fusion)
        assert (made(without).gate[:, 2] == 0).all()
        assert (made(rows.without_series()).gate[:, 1] == 0).all()


def test_masked_softmax_never_gives_a_share_to_the_masked():
    share = masked_softmax(torch.tensor([[5.0, 100.0, 1.0]]), torch.tensor([[1.0, 0.0, 1.0]]))
    assert share[0, 1] == 0 and abs(float(share.sum()) - 1) < 1e-6


def test_thinning_keeps_the_order_of_time_and_leaves_no_gap():
    rows = thinned(batch(200), share=0.5, generator=torch.Generator().manual_seed(1))
    mask = rows.token_mask
    assert mask.shape[1] == TOKENS // 2
    assert (mask[:, 1:] <= mask[:, :-1]).all()
    hours = torch.where(mask == 1, rows.hours_before, 1e9)
    assert (hours[:, 1:] >= hours[:, :-1]).all()


def test_a_lost_source_takes_its_columns_and_tokens():
    config = DropoutConfig(notes=0, series=0, concept=0, source=1, foreign=0, fewest_tokens=1)
    dropper = make_dropper(
        config,
        column_concepts=("a", "a", "b", "b", "c", "c"),
        column_sources=(("labs",), ("labs",), ("labs",), ("labs",), ("vitals",), ("vitals",)),
        series_concepts=("a", "b", "c", "d", "e"),
        series_sources=("labs", "labs", "vitals", "vitals", "vitals"),
        sources=("labs",),
        foreign_columns=np.zeros(6, dtype=bool),
        foreign_concepts=np.zeros(5, dtype=bool),
    )
    rows = batch(100)
    rows.tabular.nan_to_num_(0.0)
    found = dropper(rows, torch.Generator().manual_seed(1))
    assert torch.isnan(found.tabular[:, :4]).all() and not torch.isnan(found.tabular[:, 4:]).all()
    assert (found.concept_ids[found.token_mask == 1] >= 3).all()


def test_a_network_learns_64_rows_by_heart():
    rows = batch(64)
    rng = np.random.default_rng(2)
    label = rng.permutation(np.repeat([0.0, 1.0], 32))
    made = network(fitted=batch(400))
    fit = FitConfig(
        epochs=80,
        batch_size=16,
        learning_rate=1e-2,
        weight_decay=0.0,
        head_weights={"fusion": 1.0, "series": 1.0, "tabular": 0.2, "notes": 0.2},
        target_weights=[1.0, 0.0],
    )
    targets = np.stack([label, np.full(64, np.nan)], axis=1)
    own = FitRows(tensors=rows, targets=targets, weight=np.ones(64), group=np.array([str(i) for i in range(64)]))
    for part in made.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    fit_network(made, own, fit, dropper=None, seed=1)
    assert log_loss(label.astype(np.int64), network_logits(made, rows)["fusion"]) < 0.05


def test_labels_of_one_class_are_refused():
    own = FitRows(
        tensors=batch(8), targets=np.zeros((8, 2)), weight=np.ones(8), group=np.array([str(i) for i in range(8)])
    )
    fit = FitConfig(
        epochs=1, batch_size=4, learning_rate=1e-3, weight_decay=0.0, head_weights={}, target_weights=[1.0, 0.0]
    )
    with pytest.raises(ValueError, match="both classes"):
        fit_network(network(), own, fit, dropper=None, seed=1)


def test_an_encoder_that_is_not_there_is_named_with_those_that_are():
    config = SeriesEncoderConfig(kind="grud", dimension=8, layers=1, heads=1, dropout=0, column_dropout=0)
    with pytest.raises(ValueError, match=r"grud: there are gru, strats"):
        make_encoder(config, concepts=3)
