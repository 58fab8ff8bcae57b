"""`rs3l-data resimulate`: one shower of a chunk of hard events, with all views of it."""

from __future__ import annotations

from typing import Annotated

import typer

from rs3l_data.commands.options import ConfigFile, HardFile, Log, Out, PileupFile, ProgressStyle


def resimulate(
    config_file: ConfigFile,
    hard_file: HardFile,
    view: Annotated[str, typer.Argument(help="A view that redoes the shower.")],
    out: Out,
    pileup_file: PileupFile = None,
    log: Log = None,
    progress: ProgressStyle = "auto",
) -> None:
    """Shower saved hard events again, through the detector to jets.

    The views that share this shower (`redo: hadronization` or `detector`) are made with it.

    Example: rs3l-data resimulate config/demo.yaml hbb-0.h5 fsr_up --out hbb-0-fsr_up.h5
    """
    from rs3l_data.commands.generating import generating
    from rs3l_data.describe.load import load_config
    from rs3l_data.jobs.inputs import read_hard_of, read_sample_of
    from rs3l_data.jobs.resimulate import job

    config = load_config(config_file)
    config.require_shower(view)
    hard, run = read_hard_of(config, hard_file)
    sample = None if pileup_file is None else read_sample_of(config, pileup_file)
    with generating(f"{run.process}/{hard_file.stem} {view}", len(hard), log, progress) as bar:
        job(config, hard, run, view, out, bar, sample=sample)
