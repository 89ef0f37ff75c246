"""Datasets, their annotations, and predictions on them."""
