"""The commands of `rs3l-train`, one file each: options in, a task, its answer out."""
