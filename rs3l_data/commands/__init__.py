"""The commands of `rs3l-data`: thin, one file each.

What a command works with, it imports when it runs: Pythia, FastJet and compiled code take a second
to load, and `--help` needs none of them.
"""
