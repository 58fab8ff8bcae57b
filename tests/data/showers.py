"""The views of a shower as whole tables."""

from rs3l_data.chain import shower_blocks
from rs3l_data.store.tables import concatenate


def shower_tables(*args, **kwargs):
    """Do what `shower_blocks` does, and join the blocks of each view."""
    blocks = [*shower_blocks(*args, **kwargs)]
    return {name: concatenate([block[name] for block in blocks]) for name in blocks[0]}
