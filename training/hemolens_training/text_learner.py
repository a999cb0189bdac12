"""What notes say of the outcome: a logistic head on note vectors, and the comparator that needs no encoder.

The comparator is hashed TF-IDF, truncated SVD and the same head. Both are fitted inside the fold; rows without notes
belong to neither.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from hemolens_training.metrics import Labels, Vector
from hemolens_training.splits import assign_folds
from hemolens_training.trees import FloatRows

#: Folds by patient within the rows given, for the penalty.
INNER_FOLDS = 5
#: Of the comparator.
COMPONENTS = 100
_HASHED_TERMS = 2**16
#: The same sums on every number of cores; the matrices are too small to gain from more.
_THREADS = 1


@dataclass(frozen=True, kw_only=True)
class TextHead:
    """A logistic regression that reads vectors as they come: ``weights`` [d] in float64."""

    weights: Vector
    intercept: float
    inverse_penalty: float

    def logits(self, vectors: FloatRows) -> Vector:
        """Log-odds of vectors [n, d].

        >>> TextHead(weights=np.array([1.0, -1.0]), intercept=0.5, inverse_penalty=1.0).logits(
        ...     np.array([[2.0, 1.0]], dtype=np.float32)
        ... ).tolist()
        [1.5]
        """
        return np.asarray(vectors.astype(np.float64) @ self.weights + self.intercept, dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class HashedSvd:
    """Texts to vectors without a vocabulary: hashed words and word pairs, TF-IDF, truncated SVD."""

    #: Hashed terms that at least two of the fitted texts have.
    terms: NDArray[np.int64]
    weighting: TfidfTransformer
    projection: TruncatedSVD

    def vectors(self, texts: Sequence[str]) -> FloatRows:
        """Float32 [n, components], each of length 1 (0 for a text without words)."""
        found = np.asarray(
            self.projection.transform(self.weighting.transform(_counts(texts)[:, self.terms])), dtype=np.float64
        )
        length = np.linalg.norm(found, axis=1, keepdims=True)
        return np.asarray(found / np.where(length > 0, length, 1.0), dtype=np.float32)


def fit_text_head(
    vectors: FloatRows,
    label: Labels,
    weight: Vector,
    *,
    inverse_penalties: Sequence[float],
    patient: NDArray[np.str_],
    salt: str,
) -> TextHead:
    """L2 logistic regression on standardised columns, written back to raw ones.

    The penalty has the lowest weighted log-loss over inner folds by patient; of equals the stronger. Raises ValueError
    when the labels, or those outside an inner fold, are of one class, or a vector is not finite.
    """
    if not np.isfinite(vectors).all():
        raise ValueError("a note vector holds numbers that are not finite")
    _require_both_classes(label, "the rows with notes")
    if not inverse_penalties:
        raise ValueError("no penalty to choose from")
    penalties = sorted(inverse_penalties)
    if len(penalties) == 1:
        return _fit(vectors, label, weight, penalties[0])
    fold = assign_folds(patient, folds=INNER_FOLDS, salt=salt)
    losses = []
    for penalty in penalties:
        logit = np.zeros(len(label))
        for k in np.unique(fold):
            _require_both_classes(label[fold != k], f"the rows with notes outside inner fold {k}")
            fitted = _fit(vectors[fold != k], label[fold != k], weight[fold != k], penalty)
            logit[fold == k] = fitted.logits(vectors[fold == k])
        losses.append(_weighted_log_loss(label, logit, weight))
    return _fit(vectors, label, weight, penalties[int(np.argmin(losses))])


def fit_hashed_svd(texts: Sequence[str], *, components: int = COMPONENTS, seed: int) -> HashedSvd:
    """Fitted on the given texts alone; fewer components where there are fewer terms. ValueError without two terms.

    >>> fit_hashed_svd(["acute bleeding", "no bleeding", "acute pain"], seed=1).vectors(["", "bleeding"]).shape
    (2, 2)
    """
    counts = _counts(texts)
    terms = np.flatnonzero(counts.getnnz(axis=0) >= 2).astype(np.int64)
    if len(terms) < 2:
        raise ValueError(f"{len(texts)} texts have {len(terms)} terms in common: nothing to decompose")
    weighting = TfidfTransformer(sublinear_tf=True)
    weighted = weighting.fit_transform(counts[:, terms])
    projection = TruncatedSVD(n_components=min(components, len(terms)), random_state=seed)
    with threadpool_limits(limits=_THREADS):
        projection.fit(weighted)
    return HashedSvd(terms=terms, weighting=weighting, projection=projection)


def out_of_fold_text_comparator(
    texts: Sequence[str],
    label: Labels,
    weight: Vector,
    fold: NDArray[np.int64],
    *,
    patient: NDArray[np.str_],
    inverse_penalties: Sequence[float],
    seed: int,
    components: int = COMPONENTS,
) -> Vector:
    """Log-odds of every row from hashed TF-IDF, SVD and head fitted on the other folds."""
    out = np.full(len(label), np.nan)
    for k in np.unique(fold):
        learned, held = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        known = [texts[at] for at in learned.tolist()]
        encoder = fit_hashed_svd(known, components=components, seed=seed)
        head = fit_text_head(
            encoder.vectors(known),
            label[learned],
            weight[learned],
            inverse_penalties=inverse_penalties,
            patient=patient[learned],
            salt=f"tfidf-svd/{seed}/{k}",
        )
        out[held] = head.logits(encoder.vectors([texts[at] for at in held.tolist()]))
    return out


def _counts(texts: Sequence[str]) -> sparse.csr_matrix:
    hashing = HashingVectorizer(n_features=_HASHED_TERMS, ngram_range=(1, 2), norm=None, alternate_sign=False)
    # What a number is belongs to the table; that there is one belongs to the text.
    return hashing.transform([re.sub(r"\d", "0", text) for text in texts])


def _fit(vectors: FloatRows, label: Labels, weight: Vector, inverse_penalty: float) -> TextHead:
    values = vectors.astype(np.float64)
    share = weight / weight.sum()
    mean = share @ values
    deviation = np.sqrt(share @ (values - mean) ** 2)
    # A column that does not vary says nothing; rounding may leave it a deviation of 1e-17.
    scale = np.where(deviation > 1e-9 * (1 + np.abs(mean)), deviation, np.inf)
    model = LogisticRegression(C=inverse_penalty, solver="newton-cholesky", max_iter=200, tol=1e-8)
    with threadpool_limits(limits=_THREADS):
        model.fit((values - mean) / scale, label, sample_weight=weight / weight.mean())
    weights = np.asarray(model.coef_[0], dtype=np.float64) / scale
    return TextHead(
        weights=weights, intercept=float(model.intercept_[0] - weights @ mean), inverse_penalty=inverse_penalty
    )


def _weighted_log_loss(label: Labels, logit: Vector, weight: Vector) -> float:
    return float(np.average(np.logaddexp(0.0, np.where(label == 1, -logit, logit)), weights=weight))


def _require_both_classes(label: Labels, rows: str) -> None:
    events = int(label.sum())
    if not 0 < events < len(label):
        raise ValueError(f"{rows}: {events} events in {len(label)} rows; both classes are needed")
