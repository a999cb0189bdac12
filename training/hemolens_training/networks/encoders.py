"""The series encoders by name."""

from __future__ import annotations

from collections.abc import Callable

from hemolens_training.networks.gru import TokenGru
from hemolens_training.networks.series_encoder import SeriesEncoder, SeriesEncoderConfig
from hemolens_training.networks.strats import Strats

#: A new encoder is one file and one line here.
ENCODERS: dict[str, Callable[..., SeriesEncoder]] = {"strats": Strats, "gru": TokenGru}


def make_encoder(config: SeriesEncoderConfig, *, concepts: int) -> SeriesEncoder:
    """Raises ValueError naming the encoders there are."""
    if config.kind not in ENCODERS:
        raise ValueError(f"no series encoder {config.kind}: there are {', '.join(sorted(ENCODERS))}")
    return ENCODERS[config.kind](config, concepts=concepts)
