"""The evaluation report in words and tables."""

from __future__ import annotations

from typing import Any

_NAMES = {
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "brier": "Brier score",
    "scaledBrier": "scaled Brier score",
    "calibrationIntercept": "calibration intercept (slope 1)",
    "calibrationSlope": "calibration slope",
}


def interval(estimate: dict[str, Any] | None) -> str:
    """``0.861 [0.842, 0.879]``, or that it is not defined.

    >>> interval({"value": 0.8611, "low": 0.84, "high": 0.88, "n": 10, "events": 2})
    '0.861 [0.840, 0.880]'
    """
    if estimate is None:
        return "not defined"
    return f"{estimate['value']:.3f} [{estimate['low']:.3f}, {estimate['high']:.3f}]"


def percentage(value: float) -> str:
    """One decimal.

    >>> percentage(0.0312)
    '3.1 %'
    """
    return f"{100 * value:.1f} %"


def measures_table(report: dict[str, Any]) -> list[str]:
    """Model beside comparator."""
    lines = ["| measure | LightGBM, calibrated | logistic regression |", "|---|---|---|"]
    for key, name in _NAMES.items():
        lines.append(f"| {name} | {interval(report['model'][key])} | {interval(report['comparator'][key])} |")
    return lines


def tiers_table(report: dict[str, Any]) -> list[str]:
    """Share and observed death rate per tier."""
    lines = ["| predicted | share of patients | mean predicted | observed | events / n |", "|---|---|---|---|---|"]
    for tier in report["tiers"]:
        name = f"{100 * tier['from']:g}–{100 * tier['to']:g} %"
        if tier["n"] == 0:
            lines.append(f"| {name} | 0 % | – | – | 0 / 0 |")
            continue
        seen = tier["observed"]
        observed = f"{percentage(seen['value'])} [{percentage(seen['low'])}, {percentage(seen['high'])}]"
        share, mean = percentage(tier["share"]), percentage(tier["predicted"])
        lines.append(f"| {name} | {share} | {mean} | {observed} | {seen['events']} / {seen['n']} |")
    return lines


def report_markdown(report: dict[str, Any]) -> str:
    """``report.md``: the numbers of ``report.json``, rounded, with the words they need."""
    auroc = report["model"]["auroc"]
    out_of_fold = report["training"]
    difference = report["difference"]
    day2, unavailable = report["sensitivityDay2AsEvent"], report["sourceUnavailable"]
    parts = [
        f"# {report['title']}",
        "",
        f"Held-out set {report['heldOutSet']}: {auroc['n']} stays, {auroc['events']} events. "
        f"Intervals: 95 %, {report['resamples']} bootstrap resamples of patients.",
        "",
        *measures_table(report),
        "",
        "Model minus comparator on the same resamples: "
        f"AUROC {interval(difference['auroc'])}, AUPRC {interval(difference['auprc'])}, "
        f"Brier score {difference['brier']['value']:.4f} "
        f"[{difference['brier']['low']:.4f}, {difference['brier']['high']:.4f}].",
        "",
        f"Training set {report['trainSet']}, out of fold: AUROC {out_of_fold['auroc']:.3f} "
        f"({out_of_fold['rows']} stays, {out_of_fold['events']} events; these rows chose the hyper-parameters).",
        "",
        "## Tiers",
        "",
        *tiers_table(report),
        "",
        "## Stays with death on day 2 counted as events",
        "",
        f"AUROC {interval(day2['auroc'])}, AUPRC {interval(day2['auprc'])}, calibration intercept "
        f"{interval(day2['calibrationIntercept'])} (n {day2['auroc']['n']}, events {day2['auroc']['events']}). "
        f"Logistic regression: AUROC {interval(report['sensitivityDay2AsEventComparator']['auroc'])}, "
        f"AUPRC {interval(report['sensitivityDay2AsEventComparator']['auprc'])}.",
        "",
        "## One source unavailable for everybody",
        "",
        "| source | AUROC | AUPRC | calibration intercept |",
        "|---|---|---|---|",
        *(
            f"| {name} | {interval(m['auroc'])} | {interval(m['auprc'])} | {interval(m['calibrationIntercept'])} |"
            for name, m in unavailable.items()
        ),
        "",
        "## Net benefit per 100 patients",
        "",
        "| threshold | LightGBM | logistic regression | everybody |",
        "|---|---|---|---|",
        *(
            f"| {100 * row['threshold']:g} % | {row['model']} | {row['comparator']} | {row['everybody']} |"
            for row in report["netBenefit"]
        ),
        "",
        "## Calibration in tenths of predicted risk",
        "",
        "| mean predicted | observed | events / n |",
        "|---|---|---|",
        *(
            f"| {percentage(row['predicted'])} | {percentage(row['observed'])} | {row['events']} / {row['n']} |"
            for row in report["calibrationCurve"]
        ),
        "",
        "## Who was left out",
        "",
        "| | patients | episodes |",
        "|---|---|---|",
        f"| found | {report['attrition']['found']['patients']} | {report['attrition']['found']['episodes']} |",
        *(
            f"| left out: {name} | {row['patients']} | {row['episodes']} |"
            for name, row in report["attrition"]["excluded"].items()
            if row["episodes"] > 0
        ),
        f"| kept | {report['attrition']['kept']['patients']} | {report['attrition']['kept']['episodes']} |",
        "",
    ]
    return "\n".join(parts)
