"""From a Parquet dataset to a model bundle: train, calibrate, evaluate, export. Computes no feature."""

__version__ = "0.1.0"
