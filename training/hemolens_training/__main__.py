"""``python -m hemolens_training train | evaluate | export | all | predict | compare | parity |
export-note-encoder``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from hemolens_training.compare import compare
from hemolens_training.ensemble import commands as ensemble_commands
from hemolens_training.ensemble.config import is_ensemble
from hemolens_training.ensemble.predict import RECORDS_ALONE, predict
from hemolens_training.evaluate import evaluate
from hemolens_training.export_bundle import export_bundle
from hemolens_training.export_note_encoder import add_arguments as add_note_encoder_arguments
from hemolens_training.export_note_encoder import run_command as export_note_encoder
from hemolens_training.parity import parity
from hemolens_training.report import report_markdown
from hemolens_training.train import train

LINE = ("train", "evaluate", "export")


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        _run(options)
    except (FileExistsError, FileNotFoundError, ValueError) as error:
        print(f"hemolens_training {options.command}: {error}", file=sys.stderr)
        return 1
    return 0


def _run(options: argparse.Namespace) -> None:
    match options.command:
        case "predict":
            count = predict(bundle=options.bundle, source=options.source, path=options.path, out=options.out)
            print(f"{count} records: {options.out}")
        case "compare":
            found = compare(
                first=options.first,
                second=options.second,
                labels=options.labels,
                label_column=options.label_column,
                resamples=options.resamples,
                seed=options.seed,
            )
            print(json.dumps(found, indent=2))
        case "parity":
            print(
                parity(
                    bundle=options.bundle,
                    out=options.out,
                    rows=options.rows,
                    contribution_rows=options.contribution_rows,
                    seed=options.seed,
                )
            )
        case "export-note-encoder":
            print(export_note_encoder(options, progress=_say))
        case _:
            config = options.config if "config" in options else options.run / "config.toml"
            (_run_ensemble if is_ensemble(config) else _run_single)(options)


def _run_single(options: argparse.Namespace) -> None:
    if options.dataset is None:
        raise ValueError("this configuration is of a single model: give --dataset")
    steps = LINE if options.command == "all" else (options.command,)
    if "train" in steps:
        train(config_path=options.config, dataset_folder=options.dataset, run=options.run, progress=_say)
    if "evaluate" in steps:
        print(report_markdown(evaluate(dataset_folder=options.dataset, run=options.run)))
    if "export" in steps:
        print(export_bundle(dataset_folder=options.dataset, run=options.run, out=options.out))


def _run_ensemble(options: argparse.Namespace) -> None:
    if options.datasets is None:
        raise ValueError("this configuration is of an ensemble: give --datasets (and --source-data to build them)")
    steps = LINE if options.command == "all" else (options.command,)
    if "train" in steps:
        ensemble_commands.train(
            config_path=options.config,
            source_data=options.source_data,
            datasets=options.datasets,
            run=options.run,
            workers=options.workers,
            progress=_say,
        )
    if "evaluate" in steps:
        print(
            ensemble_commands.evaluate(
                datasets=options.datasets, run=options.run, workers=options.workers, progress=_say
            )
        )
    if "export" in steps:
        print(
            ensemble_commands.export(
                datasets=options.datasets,
                run=options.run,
                out=options.out,
                evidence=options.evidence,
                golden_count=options.golden_rows,
            )
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hemolens_training")
    commands = parser.add_subparsers(dest="command", required=True)
    help_texts = {
        "train": "search, calibrate and fit; writes a run folder (an unfinished ensemble goes on)",
        "evaluate": "judge a finished run, once; writes RUN/evaluation",
        "export": "write the model bundle of an evaluated run",
        "all": "train, evaluate and export, one after the other",
    }
    for name, text in help_texts.items():
        command = commands.add_parser(name, help=text, description=text)
        if name in ("train", "all"):
            command.add_argument("--config", type=Path, required=True, help="TOML file")
            command.add_argument(
                "--source-data", type=Path, help="ensemble: folder of the published sets, to build datasets from"
            )
        command.add_argument("--dataset", type=Path, help="single model: folder made by `hemolens cohort build`")
        command.add_argument("--datasets", type=Path, help="ensemble: folder of its dataset folders")
        command.add_argument("--run", type=Path, required=True, help="run folder; never overwritten")
        if name != "export":
            command.add_argument("--workers", type=int, default=1, help="ensemble: fits at a time, each on one thread")
        if name in ("export", "all"):
            command.add_argument("--out", type=Path, required=True, help="bundle folder; never overwritten")
            command.add_argument("--golden-rows", type=int, help="ensemble: more rows for the service to compare")
            command.add_argument(
                "--evidence", type=Path, help="ensemble: evaluation folder of another run to keep in the bundle"
            )
    text = "score records alone with a bundle, without outcomes; writes record_id,logit,probability"
    command = commands.add_parser("predict", help=text, description=text)
    command.add_argument("--bundle", type=Path, required=True)
    command.add_argument("--source", choices=sorted(RECORDS_ALONE), required=True, help="layout of the records")
    command.add_argument("--path", type=Path, required=True, help="folder of the records")
    command.add_argument("--out", type=Path, required=True, help="CSV file; never overwritten")
    text = "compare two files of predictions on the same records by the paired bootstrap"
    command = commands.add_parser("compare", help=text, description=text)
    command.add_argument("first", type=Path)
    command.add_argument("second", type=Path)
    command.add_argument("--labels", type=Path, required=True, help="CSV with the record id in its first column")
    command.add_argument("--label-column", required=True)
    command.add_argument("--resamples", type=int, default=1000)
    command.add_argument("--seed", type=int, default=1)
    text = "write adversarial rows with LightGBM's answers for `npm run bench:trees`"
    command = commands.add_parser("parity", help=text, description=text)
    command.add_argument("--bundle", type=Path, required=True)
    command.add_argument("--out", type=Path, required=True, help="new folder")
    command.add_argument("--rows", type=int, default=10_000)
    command.add_argument("--contribution-rows", type=int, default=1_000)
    command.add_argument("--seed", type=int, default=1)
    text = "turn a local BERT-family checkpoint into a note encoder"
    add_note_encoder_arguments(commands.add_parser("export-note-encoder", help=text, description=text))
    return parser


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
