"""Whether a dataset keeps every promise of its format."""
