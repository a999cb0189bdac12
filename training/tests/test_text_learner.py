"""The text head and its comparator learn what is there and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from hemolens_training.metrics import auroc
from hemolens_training.splits import assign_folds
from hemolens_training.text_learner import fit_hashed_svd, fit_text_head, out_of_fold_text_comparator

PENALTIES = (0.001, 0.01, 0.1)
STRONG = 0.7
CHANCE = (0.45, 0.55)


@pytest.fixture(scope="module")
def notes():
    """Two notes a patient, 500 patients; notes of the dying more often tell of bleeding, among common words."""
    rng = np.random.default_rng(4)
    common = "patient seen awake vitals reviewed plan lungs clear abdomen soft family 12 on day the"
    bad = ["massive", "hemorrhage", "on", "vasopressors", "mottled", "and", "anuric"]
    patient, texts, label = [], [], []
    for number in range(500):
        dies = rng.random() < 0.25
        for _ in range(2):
            words = list(rng.choice(common.split(), size=25))
            if rng.random() < (0.8 if dies else 0.1):
                at = int(rng.integers(25))
                words[at:at] = bad
            patient.append(f"p{number}")
            texts.append(" ".join(words))
            label.append(int(dies))
    weight = np.full(len(label), 0.5)
    return np.array(patient), texts, np.array(label), weight


def _auroc(patient, texts, label, weight) -> float:
    fold = assign_folds(patient, folds=5, salt="outer")
    logit = out_of_fold_text_comparator(
        texts, label, weight, fold, patient=patient, inverse_penalties=PENALTIES, seed=1, components=30
    )
    return auroc(label, logit)


def _by_patient(patient, rng) -> dict[str, str]:
    names = np.unique(patient)
    return dict(zip(names.tolist(), rng.permutation(names).tolist(), strict=True))


def test_a_planted_signal_is_learned(notes):
    assert _auroc(*notes) > STRONG


def test_labels_permuted_between_patients_teach_nothing(notes):
    patient, texts, label, weight = notes
    found = []
    for seed in range(5):
        other = _by_patient(patient, np.random.default_rng(seed))
        own = dict(zip(patient.tolist(), label.tolist(), strict=True))
        found.append(_auroc(patient, texts, np.array([own[other[name]] for name in patient.tolist()]), weight))
    assert CHANCE[0] <= float(np.mean(found)) <= CHANCE[1], found


def test_texts_exchanged_between_patients_lose_the_signal(notes):
    patient, texts, label, weight = notes
    fold = assign_folds(patient, folds=5, salt="outer")
    learned, held = fold != 0, np.flatnonzero(fold == 0)
    encoder = fit_hashed_svd([text for text, use in zip(texts, learned, strict=True) if use], components=30, seed=1)
    head = fit_text_head(
        encoder.vectors([text for text, use in zip(texts, learned, strict=True) if use]),
        label[learned],
        weight[learned],
        inverse_penalties=PENALTIES,
        patient=patient[learned],
        salt="inner",
    )
    own = auroc(label[held], head.logits(encoder.vectors([texts[at] for at in held])))
    exchanged = [
        auroc(
            label[held],
            head.logits(encoder.vectors([texts[at] for at in np.random.default_rng(seed).permutation(held)])),
        )
        for seed in range(10)
    ]
    assert own > STRONG
    assert CHANCE[0] <= float(np.mean(exchanged)) <= CHANCE[1], exchanged


def test_the_head_reads_raw_vectors_whatever_their_scale(notes):
    patient, _, label, weight = notes
    rng = np.random.default_rng(2)
    vectors = (rng.normal(size=(len(label), 6)) + label[:, None] * np.array([1, 0, 0, 0, 0, 0])).astype(np.float32)
    stretched = vectors * np.float32(1000) + np.float32(7)
    settings = {"inverse_penalties": PENALTIES, "patient": patient, "salt": "s"}
    plain = fit_text_head(vectors, label, weight, **settings).logits(vectors)
    other = fit_text_head(stretched, label, weight, **settings).logits(stretched)
    np.testing.assert_allclose(plain, other, atol=1e-3)
    assert auroc(label, plain) > STRONG


def test_a_column_that_does_not_vary_gets_no_weight(notes):
    patient, _, label, weight = notes
    vectors = np.column_stack([np.full(len(label), 0.1), np.random.default_rng(1).normal(size=len(label))])
    head = fit_text_head(vectors.astype(np.float32), label, weight, inverse_penalties=(1.0,), patient=patient, salt="s")
    assert head.weights[0] == 0.0


def test_a_weight_of_two_counts_as_two_rows(notes):
    _, _, label, _ = notes
    rng = np.random.default_rng(3)
    label = label[:200]
    vectors = (rng.normal(size=(200, 3)) + label[:, None]).astype(np.float32)
    doubled = np.where(np.arange(200) < 60, 2.0, 1.0)
    twice = np.concatenate([np.arange(200), np.arange(60)])
    # The penalty is measured against the mean weight: 260 rows of weight 1 and 200 of 1.3 are penalised alike.
    one = fit_text_head(
        vectors, label, doubled, inverse_penalties=(0.1 * 1.3,), patient=np.arange(200).astype(str), salt="s"
    )
    two = fit_text_head(
        vectors[twice], label[twice], np.ones(260), inverse_penalties=(0.1,), patient=twice.astype(str), salt="s"
    )
    np.testing.assert_allclose(one.weights, two.weights, rtol=1e-3)


def test_the_same_seed_gives_the_same_vectors(notes):
    texts = notes[1][:200]
    one, two = (fit_hashed_svd(texts, components=10, seed=9).vectors(texts) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_labels_of_one_class_are_refused(notes):
    patient, _, label, weight = notes
    vectors = np.ones((len(label), 2), dtype=np.float32)
    with pytest.raises(ValueError, match="0 events in 1000 rows; both classes are needed"):
        fit_text_head(vectors, label * 0, weight, inverse_penalties=PENALTIES, patient=patient, salt="s")


def test_an_inner_fold_that_holds_every_event_is_refused(notes):
    patient, _, label, weight = notes
    vectors = np.ones((len(label), 2), dtype=np.float32)
    only = (patient == "p0").astype(np.int64)
    with pytest.raises(ValueError, match="outside inner fold"):
        fit_text_head(vectors, only, weight, inverse_penalties=PENALTIES, patient=patient, salt="s")
    assert label.sum() > 0


def test_vectors_that_are_not_finite_are_refused(notes):
    patient, _, label, weight = notes
    vectors = np.full((len(label), 2), np.nan, dtype=np.float32)
    with pytest.raises(ValueError, match="not finite"):
        fit_text_head(vectors, label, weight, inverse_penalties=PENALTIES, patient=patient, salt="s")
