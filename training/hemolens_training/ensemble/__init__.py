"""The stacked multimodal ensemble: base learners fitted together, stacked out of fold, judged and exported as one
bundle."""
