"""From stable particles to particle-flow candidates: a parametrised detector."""
