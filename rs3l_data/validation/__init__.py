"""Whether a run's physics is right: against one-pass Pythia, theory and the detector card."""
