import json
from types import SimpleNamespace

import pytest

from rs3l_data.errors import InputFileError
from rs3l_data.outdated import remove_outdated
from rs3l_data.report.training import read_trainings
from rs3l_data.store.atomic import write_whole
from tests.data.report.conftest import VIEWS, write_study


@pytest.fixture
def folder(tmp_path):
    write_study(tmp_path / "study")
    return tmp_path


def test_tables_hold_mean_and_spread_over_the_draws(folder):
    (study,) = read_trainings(folder)
    assert study.name == "study"
    reference, aucs, rejections = study.tables
    # The standard deviation of two values is their distance over the root of 2.
    assert reference.rows == [
        [
            "fine-tuned",
            "100",
            "2",
            "0.9100 ± 0.0141\n(stat. 0.0150)",
            "> 200",
            "60 ± 14\n(stat. 25)",
            "10\n(stat. 2.0)",
        ],
        ["n2 alone", "none", "1", "0.7000 ± 0.0100", "> 200", "50 ± 25", "10.0 ± 2.0"],
    ]
    assert aucs.header == ["tagger", "labels", "nominal", "seed", "fsr_up\N{NO-BREAK SPACE}*"]
    assert aucs.rows[0][2:] == ["0.9100 ± 0.0141\n(stat. 0.0150)"] * 3
    assert rejections.title == "1/ε_B at ε_S = 0.5 in each view"
    assert rejections.rows[1][2:] == ["50 ± 25"] * 3
    assert ("R² of |eta|", "0.250") in study.diagnostics


def test_the_middle_efficiency_is_so_by_size(folder):
    path = folder / "study/metrics.json"
    metrics = json.loads(path.read_text())
    for row in metrics["rows"]:
        row["rejection"] = {key: row["rejection"][key] for key in ("0.7", "0.3", "0.5")}
    path.write_text(json.dumps(metrics))
    (study,) = read_trainings(folder)
    assert study.tables[2].title == "1/ε_B at ε_S = 0.5 in each view"


def test_a_view_of_no_training_is_named(folder):
    (study,) = read_trainings(folder)
    assert study.unseen == ["fsr_up"]
    facts = dict(study.facts)
    assert facts["views in no training"] == "fsr_up"
    assert facts["pretrained on the views"] == "nominal, seed"
    assert facts["labels given in the views"] == "nominal"


def test_no_view_is_called_unseen_where_the_pretraining_is_not_known(folder):
    path = folder / "study/metrics.json"
    metrics = json.loads(path.read_text())
    del metrics["pretraining_views"]
    path.write_text(json.dumps(metrics))
    (study,) = read_trainings(folder)
    assert study.unseen == []
    assert study.tables[1].header[2:] == [*VIEWS]


def test_settings_are_those_of_the_folder(folder):
    assert [study.settings for study in read_trainings(folder)] == [""]
    (folder / "study/config.yaml").write_text("training: {seed: 3}\n")
    assert [study.settings for study in read_trainings(folder)] == ["training: {seed: 3}\n"]


def test_warnings_are_shown(folder):
    path = folder / "study/metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"warnings": ["a <collapse>"]}))
    (study,) = read_trainings(folder)
    assert study.warnings == ["a <collapse>"]


def test_plots_come_with_their_captions(folder):
    (study,) = read_trainings(folder)
    ((title, plot),) = study.plots
    assert (title, plot.caption) == ("ROC <1>", "What it shows.")
    assert plot.source.startswith("data:image/png;base64,iVBOR")


def test_a_pretraining_of_before_is_none_of_the_run(folder):
    for name in ("metrics.json", "weights.safetensors"):
        write_whole(folder / "training/pretrain" / name, '{"stage": "pretrain"}')
    remove_outdated([SimpleNamespace(rule=SimpleNamespace(name="pretrain"))], folder)
    assert (folder / "training/pretrain/before/metrics.json").exists()
    assert [training.name for training in read_trainings(folder / "training")] == ["pretrain"]


def test_nothing_trained(tmp_path):
    assert read_trainings(tmp_path / "training") == []


TASK = '"task": {"signal": [], "background": [], "nominal_view": "n", "jets": {"train": {"x": 1}}}'
ROW = '{"view": "n", "auc": 0.5, "n_background": 3, "rejection": {"0.5": 1}, "rejection_error": {}}'


@pytest.mark.parametrize(
    "content",
    [
        *("{", "[]", '{"stage": "study", "rows": [{"auc": "high"}]}'),
        '{"stage": "study", "final": {"loss": NaN}}',
        f'{{"stage": "study", {TASK}}}',
        f'{{"stage": "study", "rows": [{ROW}]}}',
    ],
)
def test_broken_metrics_are_named(folder, content):
    (folder / "study" / "metrics.json").write_text(content)
    with pytest.raises(InputFileError, match=r"metrics\.json: not") as error:
        read_trainings(folder)
    assert "pydantic" not in str(error.value)


def test_missing_plot_is_named(folder):
    (folder / "study/plots/roc.png").unlink()
    with pytest.raises(InputFileError, match=r"plots\.json.*roc\.png"):
        read_trainings(folder)


def test_other_stages_have_no_tables(folder):
    (folder / "pretrain").mkdir()
    metrics = {"stage": "pretrain", "jets": 1000, "final": {"validation_loss": 4.5, "step": 3}}
    (folder / "pretrain/metrics.json").write_text(json.dumps(metrics))
    pretrain, _ = read_trainings(folder)
    assert pretrain.tables == []
    assert pretrain.diagnostics == [("validation loss", "4.50")]
    assert ("training jets", "1\u2009000") in pretrain.facts


def test_figures_beyond_the_roc_curve_have_tables(folder):
    path = folder / "study" / "metrics.json"
    metrics = json.loads(path.read_text())
    for row in metrics["rows"]:
        shifted = row["view"] != "nominal"
        row |= {
            "accuracy": 0.9,
            "accuracy_error": 0.01,
            "calibration": {
                **{"ece": 0.05 + 0.02 * row["draw"], "ece_error": 0.01, "ece_of_noise": 0.02},
                **{"brier": 0.1, "brier_error": 0.005},
            },
            "at_nominal_threshold": {
                "0.5": {
                    "signal_efficiency": 0.48 if shifted else 0.5,
                    "signal_efficiency_error": 0.02,
                    "relative_to_nominal": (1.2 if shifted else 1.0) + 0.1 * row["draw"],
                    "relative_to_nominal_error": 0.3,
                }
            },
            "wasserstein": {
                name: {"distance": 0.03 * shifted, "of_noise": 0.01}
                for name in ("signal", "background")
            },
            "cosine": {"signal": {"same_jet": 0.8, "same_jet_error": 0.01, "other_jet": 0.5}},
            "sculpting": {"0.5": {"jsd": 0.4, "jsd_of_noise": 0.1, "n_passing": 20}},
        }
    metrics["comparisons"] = [
        {
            **{"mode": "full", "labels": 100, "against": "scratch", "against_labels": 1000},
            **{"signal_efficiency": 0.5, "rejection_mean": 60.0, "rejection_std": 14.0},
            **{"against_rejection_mean": 40.0, "against_rejection_std": None},
            **{"ratio": 1.5, "ratio_error": 0.2, "verdict": "higher"},
        }
    ]
    path.write_text(json.dumps(metrics))
    (study,) = read_trainings(folder)
    tables = {table.title.split(":")[0]: table for table in study.tables[3:]}
    compared = tables["Rejections compared"].rows
    assert compared == [
        [
            *("fine-tuned, 100 labels", "from scratch, 1\u2009000 labels", "0.5"),
            *("60 ± 14", "40", "1.50 ± 0.20", "higher"),
        ]
    ]
    calibration = tables["Accuracy at probability ½ and calibration, view nominal"].rows
    assert calibration == [
        [
            *("fine-tuned", "100", "0.9\n(stat. 0.010)"),
            *("0.060 ± 0.014\n(stat. 0.010, by chance 0.020)", "0.1\n(stat. 0.0050)"),
        ]
    ]
    efficiency = tables["ε_S at the threshold that is 0.5 in nominal"]
    assert efficiency.header[2:] == ["seed", "fsr_up\N{NO-BREAK SPACE}*"]
    assert efficiency.rows == [["fine-tuned", "100", *["0.48\n(stat. 0.020)"] * 2]]
    passing = tables["ε_B at that threshold, relative to nominal"].rows[0]
    assert passing[2:] == ["1.250 ± 0.071\n(stat. 0.30)"] * 2
    distance = tables["Wasserstein distance of the signal's scores from nominal"].rows
    assert distance[0][2:] == ["0.03\n(by chance 0.010)"] * 2
    cosine = tables["Cosine of a signal jet's embeddings here and in nominal"].rows
    assert cosine[0][2:] == ["0.8\n(stat. 0.010)"] * 2
    assert tables["Mass sculpting"].rows == [["fine-tuned", "100", "0.4\n(by chance 0.10)"]]
