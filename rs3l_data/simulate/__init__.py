"""From a hard process to stable particles, with Pythia 8."""
