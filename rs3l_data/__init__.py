"""RS3L data: describe, simulate, detect, cluster, store."""
