"""Datasets from datasets: merged, split, selected, with metadata that stay true."""
