"""From candidates to jets and their substructure, matched to initiators."""
