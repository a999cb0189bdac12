"""The ensemble's evaluation in words: report.md and MODEL_CARD.md, every number from report.json."""

from __future__ import annotations

from typing import Any

from hemolens_training.ensemble.config import EnsembleConfig
from hemolens_training.ensemble.rows import EnsembleData
from hemolens_training.report import interval, percentage

#: Differences below this are not evidence at the number of transfused deaths there is.
SMALLEST_SHOWN = 0.06
WORDS = {
    "gbm": "LightGBM",
    "series": "series network",
    "text": "text head",
    "fusion": "fusion network",
    "stack": "stack",
}


def report_markdown(report: dict[str, Any], config: EnsembleConfig) -> str:
    """``report.md``."""
    lines = [f"# {report['title']}", "", *_counts(report), "", "## What the stack is", "", *stack_lines(report), ""]
    lines += ["## Out of fold", "", *_out_of_fold(report), ""]
    lines += ["## Other folds, other seeds", "", *_repetitions(report), ""]
    lines += ["## Parts of the network", "", *_fusion(report), ""]
    if "textComparator" in report:
        lines += ["## Text", "", *_text(report), ""]
    if "kept" in report:
        lines += ["## Patients that nothing learned from", "", *_kept(report), ""]
    if "heldOut" in report:
        lines += ["## Held out", "", *held_out_lines(report), ""]
    lines += ["## Checks", "", *_checks(report), "", "## LightGBM recipes tried", "", *_tried(report), ""]
    seconds = report["seconds"]
    lines += [f"Wall time: training {seconds['train']:.0f} s, evaluation {seconds['evaluate']:.0f} s.", ""]
    return "\n".join(lines)


def _counts(report: dict[str, Any]) -> list[str]:
    lines = ["| rows | number | patients | with a label | events |", "|---|---|---|---|---|"]
    counts = report["counts"]
    for name, own in [*counts["byRole"].items(), ("kept from everything", counts["kept"])]:
        lines.append(f"| {name} | {own['rows']} | {own['patients']} | {own['labelled']} | {own['events']} |")
    return lines


def stack_lines(report: dict[str, Any]) -> list[str]:
    """Weights by availability pattern, with what the elimination found."""
    stack = report["stack"]
    lines = ["| what is there | weights | rows, events |", "|---|---|---|"]
    for entry, about in zip(stack["patterns"], stack["report"], strict=True):
        weights = ", ".join(f"{WORDS[name]} {weight:.2f}" for name, weight in entry["weights"].items())
        lines.append(f"| {about['pattern']} | {weights} | {about['rows']}, {about['events']} |")
    calibration, about = stack["calibration"], stack["calibrationReport"]
    lines += [
        "",
        f"Calibration: slope {calibration['slope']:.3f}, intercept {calibration['intercept']:.3f}, on "
        "cross-fitted scores of "
        f"{about['generalRows']} rows ({about['generalEvents']} events).",
    ]
    if about["transfusedRows"]:
        lines.append(
            f"Transfused patients move the intercept by {about['transfusedShift']:+.3f} "
            f"({about['transfusedRows']} rows, "
            f"{about['transfusedEvents']} events; shrunk towards 0); the slope is that of all ICU patients."
        )
    first = stack["report"][0]["elimination"]
    if first:
        lines.append("")
        lines.append(
            "A learner stays only if the cross-fitted log-loss is worse without it in 95 % of resampled patients "
            "(the share is in brackets):"
        )
        lines.append("")
        for step in first:
            without = ", ".join(
                f"without {WORDS[name]} {loss:.5f} ({step['shareWorse'][name]:.0%})"
                for name, loss in step["without"].items()
            )
            lines.append(f"- {', '.join(WORDS[n] for n in step['with'])}: {step['logLoss']:.5f}; {without}")
    return lines


def _out_of_fold(report: dict[str, Any]) -> list[str]:
    lines = []
    for name, own in report["outOfFold"].items():
        if "scores" not in own:
            lines.append(f"{name}: {own['rows']} rows, {own['events']} events: too few to judge.")
            continue
        lines += [
            f"**{name}**: {own['rows']} rows of {own['patients']} patients, {own['events']} events "
            f"({percentage(own['prevalence'])})",
            "",
            *score_table(own),
            "",
        ]
        if "stack" in own:
            s = own["stack"]
            lines += [
                f"Stack, calibrated: log-loss {interval(s['logLoss'])}, Brier {interval(s['brier'])}, "
                "calibration intercept "
                f"{interval(s['calibrationIntercept'])}, slope {interval(s['calibrationSlope'])}.",
                "",
            ]
    lines.append(
        "Intervals: 95 % over resampled patients. At this number of transfused deaths a difference "
        f"under about {SMALLEST_SHOWN} "
        "in AUROC is not evidence."
    )
    return lines


def score_table(own: dict[str, Any]) -> list[str]:
    """AUROC and AUPRC of every score, and the paired difference to LightGBM."""
    against = own.get("against")
    lines = ["| | AUROC | AUPRC | AUROC minus " + WORDS.get(str(against), str(against)) + " |", "|---|---|---|---|"]
    for name, score in own["scores"].items():
        difference = own.get("differences", {}).get(name)
        shown = interval(difference["auroc"]) if difference else "–"
        lines.append(f"| {WORDS.get(name, name)} | {interval(score['auroc'])} | {interval(score['auprc'])} | {shown} |")
    return lines


def _repetitions(report: dict[str, Any]) -> list[str]:
    own = report["repetitions"]
    if not own["seeds"]:
        return ["None were run."]
    lines = ["One member of each learner a repetition.", ""]
    for name, scores in own["mean"].items():
        lines += [
            f"**{name}**, mean of {len(own['seeds'])} repetitions",
            "",
            "| | AUROC (sd) | AUPRC | log-loss |",
            "|---|---|---|---|",
        ]
        for score, m in scores.items():
            lines.append(
                f"| {WORDS.get(score, score)} | {m['auroc']:.3f} ({m['aurocSd']:.3f}) | "
                f"{m['auprc']:.3f} | {m['logLoss']:.4f} |"
            )
        lines.append("")
        each = [
            f"{e['seed']}: " + ", ".join(f"{WORDS.get(s, s)} {v['auroc']:.3f}" for s, v in e["groups"][name].items())
            for e in own["each"]
            if name in e["groups"]
        ]
        lines += [*(f"- seed {line}" for line in each), ""]
    return lines


def _fusion(report: dict[str, Any]) -> list[str]:
    own, missing = report["lateFusion"], report["missing"]
    lines = [
        f"Gated fusion beside a logistic regression on the heads of the same networks ({own['rows']} "
        f"rows, {own['events']} events):",
        "",
        *score_table(own),
        "",
        f"AUROC of the stack on the same {missing['rows']} landmark rows ({missing['events']} events) "
        "with modalities taken away: "
        + ", ".join(f"{name} {value:.3f}" for name, value in missing["auroc"].items())
        + ".",
    ]
    return lines


def _text(report: dict[str, Any]) -> list[str]:
    own = report["textComparator"]
    return [f"Landmark rows with notes ({own['rows']} rows, {own['events']} events):", "", *score_table(own)]


def _kept(report: dict[str, Any]) -> list[str]:
    lines = []
    for source, own in report["kept"].items():
        if "scores" not in own:
            lines.append(f"- {source}: {own['rows']} rows, {own['events']} events: too few to judge")
            continue
        s = own["scores"]["stack"]
        lines.append(
            f"- {source}: {own['rows']} rows, {own['events']} events: AUROC {interval(s['auroc'])}, "
            "calibration slope of the refit "
            f"{interval(s['calibrationSlope'])}, intercept {interval(s['calibrationIntercept'])}"
        )
    return lines


def held_out_lines(report: dict[str, Any]) -> list[str]:
    """The held-out set, judged once."""
    own = report["heldOut"]
    s = own["scores"]["stack"]
    lines = [
        f"{own['rows']} rows of {own['patients']} patients, {own['events']} events ({percentage(own['prevalence'])}).",
        "",
        *score_table(own),
        "",
        f"AUPRC of the stack minus LightGBM: {interval(own['differences']['stack']['auprc'])}. Stack: log-loss "
        f"{interval(s['logLoss'])}, Brier {interval(s['brier'])}, calibration intercept "
        f"{interval(s['calibrationIntercept'])}, "
        f"slope {interval(s['calibrationSlope'])}.",
        "",
        "| predicted | mean predicted | observed | events / n |",
        "|---|---|---|---|",
    ]
    for tier in own["tiers"]:
        if tier["n"]:
            lines.append(
                f"| {100 * tier['from']:g}–{100 * tier['to']:g} % | {percentage(tier['predicted'])} | "
                f"{percentage(tier['observed'])} "
                f"| {tier['events']} / {tier['n']} |"
            )
    return lines


def _checks(report: dict[str, Any]) -> list[str]:
    own = report["checks"]
    lines = []
    for name, found in own["exchanged"].items():
        what = "tokens and context" if name == "series" else "notes"
        lines.append(
            f"- {WORDS[name]} with another patient's {what}: AUROC {found['exchanged']:.3f} (with "
            "their own, on rows it was "
            f"trained on, {found['own']:.3f})"
        )
    lines.append(
        "- 64 rows shown again and again without dropout: log-loss "
        + ", ".join(f"{head} {loss:.3f}" for head, loss in own["overfit64"].items())
    )
    if "sourceClassifier" in own:
        c = own["sourceClassifier"]
        lines.append(
            f"- AUROC with which trees tell the sources apart: all columns {c['allColumns']:.3f}, columns both have "
            f"{c['columnsBothHave']:.3f}, those as this model's trees see them "
            f"{c['asTheTreesSeeThem']:.3f}. Therefore no AUROC here "
            "is over more than one source."
        )
        m = own["maskedToOtherSource"]
        lines.append(
            f"- Mean log-odds when the {m['columnsLost']} columns that the other source never has are lost: "
            + ", ".join(f"{WORDS[name]} {shift:+.3f}" for name, shift in m["meanShift"].items())
        )
    if "permutedLabels" in report:
        p = report["permutedLabels"]
        lines.append(
            f"- Trained on labels dealt anew among patients ({p['rows']} rows, mean of {len(p['deals'])} deals, within "
            "folds): AUROC "
            + ", ".join(
                f"{WORDS[name]} {value:.3f} ({min(own):.3f} to {max(own):.3f})"
                for name, value in p["auroc"].items()
                for own in [[deal["withinFold"][name] for deal in p["deals"]]]
            )
        )
    return lines


def _tried(report: dict[str, Any]) -> list[str]:
    chosen = report["gbm"]["chosen"]
    lines = ["| candidate | parameters | trees | log-loss |", "|---|---|---|---|"]
    for own in report["gbm"]["tried"]:
        shown = ", ".join(f"{k} {v}" for k, v in own["parameters"].items())
        lines.append(f"| {own['candidate']} | {shown} | {own['trees']} | {own['logLoss']:.5f} |")
    return [*lines, "", f"Chosen: {chosen['candidate']}, {chosen['trees']} trees a member."]


def verdict(report: dict[str, Any]) -> str:
    """One sentence: does the stack do better than LightGBM alone, as far as these rows can tell?"""
    basis = report.get("heldOut") or report["outOfFold"].get("landmarks")
    if basis is None or "differences" not in basis:
        return "The rows cannot tell whether the stack does better than LightGBM alone."
    own = basis["differences"]["stack"]["auroc"]
    where = "on the held-out set" if "heldOut" in report else "on landmark rows, out of fold"
    words = f"AUROC of the stack minus LightGBM {where}: {own['value']:+.3f} [{own['low']:+.3f}, {own['high']:+.3f}]"
    if own["low"] > 0:
        return f"{words}: the stack does better."
    if own["high"] < 0:
        return f"{words}: LightGBM alone does better."
    return f"{words}: LightGBM alone is as good, as far as these rows can tell."


def model_card(report: dict[str, Any], config: EnsembleConfig, data: EnsembleData) -> str:
    """MODEL_CARD.md."""
    bundle = config.bundle
    lines = [
        f"# {bundle.title} ({bundle.id} {bundle.version})",
        "",
        f"**{bundle.statement}** Research software, not a medical device.",
        "",
        "## What it predicts",
        "",
        f"{bundle.outcome}. Calibrated probability for {bundle.population}, from "
        f"{len(data.columns.names)} columns, at most "
        f"{data.series.max_tokens} series tokens"
        + (" and the notes" if config.notes else "")
        + " of the feature spec, made by the "
        "same mapping that serves.",
        "",
        "## Made from",
        "",
        *_counts(report),
        "",
    ]
    for title, citation, licence in dict.fromkeys(
        (c["source"]["title"], c["source"]["citation"], c["source"]["licence"]) for c in data.cards.values()
    ):
        lines.append(f"- {title}. Cite: {citation} Licence of the data: {licence}.")
    lines += [
        "- No row of them is in this bundle: the golden rows are made up column by column and token by token.",
        "- Plain log-loss at natural prevalence; no resampling, no class weights, no simulated label.",
        "",
        "## Its parts, and what they are worth",
        "",
        *stack_lines(report),
        "",
        f"{verdict(report)}",
        "",
    ]
    if config.notes and all(entry["weights"].get("text", 0) == 0 for entry in report["stack"]["patterns"]):
        lines += ["The text head did not earn a weight: notes are read, and weigh 0.", ""]
    lines += ["## How good it is", ""]
    lines += held_out_lines(report) if "heldOut" in report else _out_of_fold(report)
    if report["repetitions"]["seeds"]:
        lines += [
            "",
            "Mean over repetitions with other folds and seeds (each is listed in `evaluation/report.md`):",
            "",
        ]
        for name, scores in report["repetitions"]["mean"].items():
            shown = ", ".join(f"{WORDS.get(s, s)} {m['auroc']:.3f} (sd {m['aurocSd']:.3f})" for s, m in scores.items())
            lines.append(f"- {name}: AUROC {shown}")
    lines += ["", "## Limits", "", *(f"- {limit}" for limit in bundle.limits)]
    lines += [
        "- Contributions are shares of this model's score: associations, not causes.",
        "",
        "Full numbers: `evaluation/`.",
        "",
    ]
    return "\n".join(lines)
