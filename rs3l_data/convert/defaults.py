"""What a conversion takes unless it is told otherwise, for its function and its command alike.

Nothing is imported here, since the command line reads it at every start.
"""

ROWS = 10_000
"""Rows of a block: some 20 MB in one view"""
ROWS_TO_PUBLISHED = 4_000
"""Fewer, since a block has all of the views"""
SHARD_OF_PUBLISHED = 5_000
"""Rows of a shard: the padded candidates of five views take some 200 MB of memory"""
SHARD_OF_JETCLASS = 20_000

CONSTITUENTS = 100
"""Of a jet in the published files and for salt, those with the highest pt; the rest is zero"""
CONSTITUENTS_OF_JETNET = 30
"""For which the package jetnet expects no number in a file's name"""
