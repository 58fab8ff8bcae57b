"""What a trained network is worth: figures of merit, diagnostics, plots."""
