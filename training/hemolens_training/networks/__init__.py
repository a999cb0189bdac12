"""Networks of PyTorch: encoders of one modality each, their fusion, and how they are trained."""
