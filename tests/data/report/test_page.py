import json
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest
from typer.testing import CliRunner

import rs3l_data
from rs3l_data.__main__ import app
from rs3l_data.convert.jetclass_in import read_jetclass
from rs3l_data.convert.jetclass_out import write_jetclass
from rs3l_data.convert.published_in import read_published
from rs3l_data.convert.published_out import write_published
from rs3l_data.convert.sources import Source
from rs3l_data.errors import InputFileError
from rs3l_data.events.hard_events import HardRun
from rs3l_data.report.page import write_report
from rs3l_data.report.spectrum import initiator_spectra
from rs3l_data.store.manifest import write_manifest
from rs3l_data.store.shard import write_shard
from rs3l_data.store.summary import build_manifest
from tests.data.report.conftest import VIEWS, write_benchmark, write_study
from tests.synthetic import make_dataset

VOID = {"meta", "img", "br", "link"}


class Elements(HTMLParser):
    """Collects elements, text, and tags that are not closed in order."""

    def __init__(self, page: str):
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_page_needs_no_network(page):
    elements = Elements(page)
    assert elements.open == []
    names = {tag for tag, _ in elements.found}
    assert not names & {"script", "link", "iframe", "object"}
    assert "url(" not in page
    assert "@import" not in page
    for tag, attributes in elements.found:
        for key in ("src", "href", "srcset", "data"):
            address = attributes.get(key)
            if address is not None and tag != "a":
                assert address.startswith("data:")


def test_contents_lead_to_sections(page):
    elements = Elements(page)
    ids = {attributes["id"] for _, attributes in elements.found if "id" in attributes}
    links = {a["href"] for tag, a in elements.found if tag == "a" and a["href"].startswith("#")}
    assert links == {f"#{name}" for name in ids}


def test_every_image_has_words(page):
    images = [attributes for tag, attributes in Elements(page).found if tag == "img"]
    assert len(images) >= 7
    assert all(len(attributes["alt"]) > 20 for attributes in images)
    assert len(page) < 6e6


def test_page_mentions_everything(page, dataset):
    text = Elements(page).text
    for name in (*VIEWS, *dataset.processes, *dataset.labels):
        assert name in text
    assert dataset.manifest["digest"] in text
    assert "TimeShower:renormMultFac = 4" in text
    assert "(less radiation); Mrenna, Skands, arXiv:1605.08352" in text
    assert "2.000 ± 0.100" not in text  # The cross section's error has two digits, no more.
    assert "2.00 ± 0.10" in text
    assert "arXiv:2403.07066" in text
    assert "13 TeV" in text
    assert "40 collisions, mitigation: puppi" in text


@pytest.mark.usefixtures("page")
def test_figures_come_as_pdf_where_asked_for(results, dataset):
    """In TrueType fonts, which publishers take, and without a date, by which all would differ."""
    files = {path.name: path.read_bytes() for path in (results / "figures").iterdir()}
    alone = {"by_process.pdf", "missing_chart.pdf", "spectrum.pdf", "impact.pdf"}
    of_each = {f"{name}-{own}.pdf" for name in ("examples", "by_view") for own in dataset.processes}
    assert {*files} == alone | of_each
    for name, content in files.items():
        assert content.startswith(b"%PDF-"), name
        assert b"/Type3" not in content, name
        assert b"/CreationDate" not in content, name


def test_names_are_escaped(page):
    assert "<b>run" not in page
    assert "small&lt;b&gt;run" in page


def test_without_training_and_benchmarks_it_says_so(page):
    assert "Nothing was trained in this run." in page
    assert "kept no benchmark files" in page


def test_command_with_training_and_benchmarks(undrawn, tmp_path):
    """A run of one view, too, has nothing to compare but is reported."""
    make_dataset(tmp_path / "dataset", n_events=12, views=("nominal",))
    write_study(tmp_path / "training" / "study")
    write_benchmark(tmp_path / "benchmarks/hard/qcd-0000.tsv", 2, "1.5", "150")
    result = CliRunner().invoke(app, ["report", str(tmp_path), "--figures", str(tmp_path / "f")])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "f" / "by_process.pdf").exists()
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert Elements(page).open == []
    assert "0.9100 ± 0.0141" in page
    assert "ROC &lt;1&gt;" in page
    assert "Nothing was trained" not in page
    assert "1.5 s" in page
    assert "there is nothing to compare" in page


@pytest.mark.filterwarnings("error", "ignore::DeprecationWarning")
def test_rs3l_record_without_momenta_of_initiators_and_cross_sections(tmp_path):
    views = ("nominal", "seed")
    source = make_dataset(tmp_path / "source", 20, views, ("Hbb", "g"))
    write_published(rs3l_data.open(source), tmp_path / "0.h5", views)
    read_published([Source(tmp_path / "0.h5", None)], tmp_path / "dataset")
    write_report(tmp_path, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    text = Elements(page).text
    assert "The origin is the jet's axis, as the initiator's momentum is not known" in text
    assert "does not tell the momentum of their initiators" in text
    assert "No constituent has an impact parameter whose error is known" in text
    assert "doi:10.5281/zenodo.10633815" in text
    # No groomed masses and no N-subjettiness.
    assert "Step histograms of mass, n_constituents, pt, one line" in page


@pytest.mark.filterwarnings("error", "ignore::DeprecationWarning")
def test_jetclass_with_classes_that_have_no_jets(tmp_path):
    source = make_dataset(tmp_path / "source", 20, ("nominal",), ("Hbb", "g"))
    files = write_jetclass(rs3l_data.open(source), tmp_path, "nominal")
    read_jetclass([Source(path, None) for path in files], tmp_path / "dataset")
    write_report(tmp_path, tmp_path / "report.html")
    text = Elements((tmp_path / "report.html").read_text(encoding="utf-8")).text
    assert "weighted and normalised to 1" in text
    assert "Hqql" in text


def test_a_spectrum_of_the_initiators_that_are_known(undrawn, tmp_path):
    """JetClass knows none of QCD jets: the page had no spectrum of the other processes either."""
    source = rs3l_data.open(make_dataset(tmp_path / "source", 20, ("nominal",), ("Hbb", "g")))
    initiators = source.read_initiators()
    initiators.columns["pt"][initiators.columns["process"] == 1] = np.nan
    view = {"nominal": source.read_view("nominal")}
    write_shard(tmp_path / "0.h5", initiators, view, source.shards[0].attributes)
    picture = initiator_spectra(rs3l_data.open(tmp_path / "0.h5"), source.manifest)
    assert picture is not None
    assert "momentum is not known" in picture.caption
    initiators.columns["pt"][:] = np.nan
    write_shard(tmp_path / "1.h5", initiators, view, source.shards[0].attributes)
    assert initiator_spectra(rs3l_data.open(tmp_path / "1.h5"), source.manifest) is None


def test_a_manifest_that_says_less_is_reported(undrawn, tmp_path):
    """By another program, or from a time before these entries; one that lies is refused."""
    make_dataset(tmp_path / "dataset", n_events=12)
    path = tmp_path / "dataset/dataset.json"
    whole = json.loads(path.read_text())
    less = {k: v for k, v in whole.items() if k not in ("citation", "software", "created")}
    for process in less["processes"].values():
        process |= {"cross_section_pb": None, "sum_of_weights": None}
    less["config"] = {k: v for k, v in less["config"].items() if k not in ("seed", "views")}
    path.write_text(json.dumps(less))
    write_report(tmp_path, tmp_path / "report.html")
    less["processes"]["qcd"]["cross_section_pb"] = "much"
    path.write_text(json.dumps(less))
    with pytest.raises(InputFileError, match=r"dataset\.json: processes\.qcd\.cross_section_pb"):
        write_report(tmp_path, tmp_path / "report.html")


def test_a_part_has_figures_of_its_own_processes(undrawn, dataset, tmp_path):
    """Its shards name others, too, and their cross sections are not in its manifest."""
    part, folder = dataset.select(processes="qcd"), tmp_path / "dataset"
    tables = {view: part.read_view(view) for view in part.views}
    attributes = part.shards[0].attributes
    write_shard(folder / "0.h5", part.read_initiators(), tables, attributes)
    runs = [HardRun("qcd", 0, 2e-9, 1e-10, 100, 60, 100.0)]
    write_manifest(folder, build_manifest(rs3l_data.open([folder / "0.h5"]), folder, runs, {}))
    assert rs3l_data.open(folder).processes == ("higgs", "qcd")
    write_report(tmp_path, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<h3>qcd</h3>" in page
    assert "<h3>higgs</h3>" not in page
    assert "weighted and scaled to the cross section of the process" in page


def test_folder_without_dataset(tmp_path):
    with pytest.raises(InputFileError, match=r"there is no dataset/dataset\.json"):
        write_report(tmp_path, tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_missing_shard(results, tmp_path):
    shutil.copytree(results / "dataset", tmp_path / "dataset")
    (tmp_path / "dataset" / "0.h5").unlink()
    with pytest.raises(InputFileError, match=r"0\.h5: no such file"):
        write_report(tmp_path, tmp_path / "report.html")
