"""What `rs3l-data benchmark` measures is refused before it is if it is no shower of Pythia."""

import pytest
import yaml
from typer.testing import CliRunner

from rs3l_data.__main__ import app
from rs3l_data.errors import ConfigError

VIEWS = {
    "nominal": {},
    "noise": {"redo": "detector", "of": "nominal"},
    "again": {"redo": "hadronization", "of": "nominal"},
    "herwig": {"hepmc": "h.hepmc"},
}


@pytest.mark.parametrize(
    ("view", "message"),
    [
        ("noise", "view 'noise' shares the shower of 'nominal'"),
        ("again", "view 'again' shares the shower of 'nominal'"),
        ("herwig", "view 'herwig' comes from a HepMC file"),
        ("nominl", "views.nominl: not in the config; did you mean 'nominal'?"),
    ],
)
def test_a_view_that_is_no_shower_of_pythia_is_told(tmp_path, view, message):
    run = {"name": "b", "seed": 1, "processes": {"qcd": {"events": 100}}, "views": VIEWS}
    (tmp_path / "b.yaml").write_text(yaml.safe_dump(run))
    call = ["benchmark", str(tmp_path / "b.yaml"), "--processes", "qcd", "--view", view]
    error = CliRunner().invoke(app, call).exception
    assert isinstance(error, ConfigError)
    assert message in str(error)
