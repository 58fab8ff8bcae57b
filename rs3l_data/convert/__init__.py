"""Datasets of other projects in, and ours out in the layouts that their tools read.

See docs/convert.md for the units and conventions of every format.
"""
