"""MODEL_CARD.md: for whom the model was made, what it was made from, what it can do and what it cannot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hemolens_training.config import TrainingConfig
from hemolens_training.dataset import Dataset
from hemolens_training.report import interval, measures_table, tiers_table
from hemolens_training.trees import Tree


def model_card(*, config: TrainingConfig, report: dict[str, Any], trees: Sequence[Tree], dataset: Dataset) -> str:
    """The card's Markdown, every number from the evaluation report."""
    bundle, model = config.bundle, report["model"]
    rows = dataset.sets[config.data.train_set].certain()
    day2 = report["sensitivityDay2AsEvent"]
    lines = [
        f"# {bundle.title} ({bundle.id} {bundle.version})",
        "",
        f"**General ICU patients, not transfused ones.** Made from {bundle.population}: whether any of them "
        "received blood is not recorded. The model says how patients of an ICU with such a chart fared; it says "
        "nothing about what a transfusion does, and it has not been validated in transfused patients. "
        "Research software, not a medical device.",
        "",
        "## What it predicts",
        "",
        f"{bundle.outcome}. Calibrated probability from {len(dataset.feature_names)} columns of the feature spec "
        f"`{bundle.id}`, made by the same mapping that serves.",
        "",
        "## Made from",
        "",
        f"- {bundle.source}: {len(rows.label)} stays, {int(rows.label.sum())} events for training (set "
        f"{config.data.train_set}); set {config.data.held_out_set} was used for nothing but the evaluation.",
        f"- Cite: {bundle.citation}",
        f"- Licence of the data: {bundle.licence}. The weights here were derived from them; no row of them is in this "
        "bundle (the golden rows are made up column by column).",
        "- Prediction time: 48 hours after ICU admission. Event: `Survival` 3 to 9 days. Death on day 2 cannot be "
        "placed before or after the prediction time and is left out; deaths before it and impossible values are "
        "excluded (counts in `evaluation/report.md`).",
        f"- LightGBM, plain log-loss, no resampling or class weights: {len(trees)} trees of at most "
        f"{max(len(tree.leaf_value) for tree in trees)} leaves. Hyper-parameters and calibration from set "
        f"{config.data.train_set} alone; calibration (slope, intercept) on out-of-fold scores.",
        f"- {100 * config.source_dropout.share:g} % of the training rows appear once more with one source "
        f"({', '.join(config.source_dropout.sources)}) masked, so that an unreadable source is not scored as "
        '"nothing was measured".',
        "",
        f"## How good it is (set {config.data.held_out_set}: {model['auroc']['n']} stays, "
        f"{model['auroc']['events']} events)",
        "",
        *measures_table(report),
        "",
        "Intervals: 95 % bootstrap over patients. Model minus logistic regression: AUROC "
        f"{interval(report['difference']['auroc'])}, AUPRC {interval(report['difference']['auprc'])}. With deaths on "
        f"day 2 counted as events: AUROC {interval(day2['auroc'])} ({day2['auroc']['events']} events).",
        "",
        *tiers_table(report),
        "",
        "## Limits",
        "",
        "- One hospital's ICUs, 2001 to 2008, adults; practice, laboratories and mortality have changed. Expect the "
        "calibration to be off elsewhere, and recalibrate on local data before reading the percentage.",
        "- Scores before or long after the 48th ICU hour, and outside an ICU, are extrapolations; the card says when "
        "the patient is not in an ICU.",
        "- The source has no haemoglobin, INR or aPTT, no drugs, diagnoses or notes: the model does not use them.",
        "- A GCS charted under a tracheal tube counts the verbal response as 1 in the source; charts that name the "
        "tube have no verbal response, so the service sees no total there.",
        "- Pulse oximetry and respiratory rate are not used: in the source, whether they are charted depends on how "
        "the patient was ventilated and measured, not only on the patient.",
        "- Which tests were done carries information about the clinicians as much as about the patient.",
        "- Contributions are shares of this model's score: associations, not causes.",
        "- No fairness evaluation: the source has no data for one beyond age and sex.",
        "",
        "Full numbers: `evaluation/report.md` and `evaluation/report.json`.",
        "",
    ]
    return "\n".join(lines)
