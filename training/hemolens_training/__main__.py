"""``python -m hemolens_training train | evaluate | export | parity | export-note-encoder``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hemolens_training.evaluate import evaluate
from hemolens_training.export_bundle import export_bundle
from hemolens_training.export_note_encoder import add_arguments as add_note_encoder_arguments
from hemolens_training.export_note_encoder import run_command as export_note_encoder
from hemolens_training.parity import parity
from hemolens_training.report import report_markdown
from hemolens_training.train import train


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "train":
            train(config_path=options.config, dataset_folder=options.dataset, run=options.run, progress=_say)
        elif options.command == "evaluate":
            print(report_markdown(evaluate(dataset_folder=options.dataset, run=options.run)))
        elif options.command == "export":
            print(export_bundle(dataset_folder=options.dataset, run=options.run, out=options.out))
        elif options.command == "all":
            train(config_path=options.config, dataset_folder=options.dataset, run=options.run, progress=_say)
            print(report_markdown(evaluate(dataset_folder=options.dataset, run=options.run)))
            print(export_bundle(dataset_folder=options.dataset, run=options.run, out=options.out))
        elif options.command == "export-note-encoder":
            print(export_note_encoder(options, progress=_say))
        else:
            print(
                parity(
                    bundle=options.bundle,
                    out=options.out,
                    rows=options.rows,
                    contribution_rows=options.contribution_rows,
                    seed=options.seed,
                )
            )
    except (FileExistsError, FileNotFoundError, ValueError) as error:
        print(f"hemolens_training {options.command}: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hemolens_training")
    commands = parser.add_subparsers(dest="command", required=True)
    help_texts = {
        "train": "search, calibrate and fit on the training set; writes a new run folder",
        "evaluate": "judge a finished run on the held-out set, once; writes RUN/evaluation",
        "export": "write the model bundle of an evaluated run",
        "all": "train, evaluate and export, one after the other",
    }
    for name, text in help_texts.items():
        command = commands.add_parser(name, help=text, description=text)
        if name in ("train", "all"):
            command.add_argument("--config", type=Path, required=True, help="TOML file")
        command.add_argument("--dataset", type=Path, required=True, help="folder made by `hemolens cohort build`")
        command.add_argument("--run", type=Path, required=True, help="run folder; never overwritten")
        if name in ("export", "all"):
            command.add_argument("--out", type=Path, required=True, help="bundle folder; never overwritten")
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
