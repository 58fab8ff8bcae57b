"""Records of an archive: a dataset made ready for one, sent to it, fetched from it."""
