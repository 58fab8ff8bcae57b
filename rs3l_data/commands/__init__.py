"""The commands of `rs3l-data`: thin, one file each."""
