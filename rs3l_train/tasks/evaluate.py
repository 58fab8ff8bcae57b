"""`evaluate`: a trained tagger tested in every view of a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rs3l_data.store.reader import Dataset
from rs3l_train.loop.device import on_this_machine, prepare
from rs3l_train.loop.files import METRICS, write_json
from rs3l_train.loop.folder import require_own
from rs3l_train.loop.out_of_memory import out_of_memory_says
from rs3l_train.loop.saved_network import LearnedFrom
from rs3l_train.tasks.bench import Bench, set_test_bench, task_summary
from rs3l_train.tasks.measure import measure_baselines, measure_tagger
from rs3l_train.tasks.model import load_tagger
from rs3l_train.tasks.overlap import overlap
from rs3l_train.tasks.tagger import Tagger
from rs3l_train.tasks.tagger_plots import draw_tagger


@out_of_memory_says("Take fewer jets or views out of the dataset with `rs3l-data select`")
def evaluate(dataset: Dataset, model: Path, folder: Path) -> dict[str, Any]:
    """Test a saved tagger in every view of a dataset.

    Raises
    ------
    ConfigError
        If the dataset knows no label of the tagger's signal, or of its background.
    InputFileError
        If the folder holds no tagger, or the dataset no jets of a class.
    TrainingError
        If memory is lacking.
    """
    require_own(folder, "evaluate")
    tagger, saved = load_tagger(model)
    config = on_this_machine(saved.config)
    bench = set_test_bench(dataset, config, prepare(config), saved.details["training_views"])
    about = {"stage": "evaluate", **saved.details}
    return tested(bench, tagger.to(bench.jets.device), folder, about, saved.learned_from)


def tested(
    bench: Bench,
    tagger: Tagger,
    folder: Path,
    about: dict[str, Any],
    learned_from: LearnedFrom,
) -> dict[str, Any]:
    """Measure a tagger in every view, and write its metrics and plots.

    Parameters
    ----------
    about
        How it was trained: `mode`, `labels`, `draw`, `temperature` and what else is to be kept.
    learned_from
        What may not be among the test jets.

    Returns
    -------
    dict
        The content of ``metrics.json``.
    """
    measured = measure_tagger(bench, tagger, about.get("temperature"))
    baseline_rows, baseline_scores = measure_baselines(bench)
    keys = {key: about[key] for key in ("mode", "labels", "draw")}
    metrics = {
        **about,
        **overlap(learned_from, bench.dataset, bench.test),
        "task": task_summary(bench),
        "rows": [{**keys, **row} for row in measured.rows],
        "baselines": baseline_rows,
    }
    draw_tagger(bench, about["mode"], measured, baseline_scores, folder)
    write_json(folder / METRICS, metrics)
    return metrics
