"""The commands of `rs3l-train`, one file each: options in, a task, its answer out.

A task is imported when its command runs: PyTorch takes seconds to load, and `--help` does without.
"""
