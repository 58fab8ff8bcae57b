"""`rs3l-data pileup`: generate the minimum-bias events that pile-up is drawn from."""

from __future__ import annotations

from rs3l_data.commands.options import ConfigFile, Log, Out, ProgressStyle


def pileup(
    config_file: ConfigFile, out: Out, log: Log = None, progress: ProgressStyle = "auto"
) -> None:
    """Generate the minimum-bias events of a run.

    Example: rs3l-data pileup my.yaml --out pileup.h5
    """
    from rs3l_data.commands.generating import generating
    from rs3l_data.describe.load import load_config
    from rs3l_data.jobs.inputs import require_pileup, sample_key
    from rs3l_data.jobs.provenance import attributes
    from rs3l_data.pileup import sample_of
    from rs3l_data.store.hdf5 import require_place
    from rs3l_data.store.pileup import write_sample

    config = load_config(config_file)
    require_pileup(config)
    require_place(out, "pileup")
    with generating("pile-up", config.pileup.sample_events, log, progress) as bar:
        sample = sample_of(config, bar)
        made_with = {**attributes(config), **sample_key(config)}
        write_sample(out, sample, made_with, config.store.compression)
