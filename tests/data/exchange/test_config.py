"""What a config may say of other programs' files, and what the workflow makes of it."""

import subprocess
import sys

import pytest
import yaml

from rs3l_data.describe.resolved import Resolved
from rs3l_data.errors import ConfigError, InputFileError
from tests.data.conftest import make_config
from tests.data.exchange.conftest import higgs_config

ONE = {"qcd": {"events": 10}}


def test_the_workflow_learns_the_files_of_each_job(tmp_path):
    for name in ("b.lhe", "a.lhe.gz", "c.txt"):
        (tmp_path / name).touch()
    views = {"nominal": {}, "herwig": {"hepmc": "herwig/{process}-{chunk}.hepmc.gz"}}
    run = Resolved(higgs_config([tmp_path / "*.lhe*", "last.lhe"], views=views))
    expected = [str(tmp_path / "a.lhe.gz"), str(tmp_path / "b.lhe"), "last.lhe"]
    assert run.lhe_files("mg") == expected
    assert run.hepmc_files("mg", 3, "herwig") == ["herwig/mg-0003.hepmc.gz"]
    assert run.hepmc_files("mg", 3, "nominal") == []
    with pytest.raises(InputFileError, match="no file matches"):
        Resolved(higgs_config([tmp_path / "*.hepmc"])).lhe_files("mg")


def test_each_process_has_files_of_its_own():
    own = {"events": 1, "initiators": [25], "label": "H"}
    names = ("one", "two")
    run = Resolved(make_config(processes={n: {**own, "lhe": [f"{n}.lhe"]} for n in names}))
    assert [run.lhe_files(name) for name in names] == [["one.lhe"], ["two.lhe"]]


WITHOUT = """
import sys
sys.modules["pylhe"] = sys.modules["pyhepmc"] = None
from rs3l_data.__main__ import main
sys.argv = ["rs3l-data", "check", sys.argv[1]]
main()
"""


def test_only_files_of_other_programs_need_their_packages(tmp_path, lhe):
    def checked(process):
        path = tmp_path / "my.yaml"
        config = {"name": "my", "seed": 1, "processes": {"p": process}, "views": {"nominal": {}}}
        path.write_text(yaml.safe_dump(config))
        call = [sys.executable, "-c", WITHOUT, path]
        return subprocess.run(call, capture_output=True, text=True, check=False)

    own = {"settings": ["HardQCD:all = on"], "initiators": [21], "label": "g", "events": 2}
    done = checked(own)
    assert done.returncode == 0, done.stderr
    done = checked({"lhe": [lhe], "initiators": [25], "label": "H", "events": 2})
    assert done.returncode == 2
    assert done.stderr == (
        "error: this needs the package pylhe, which is not installed:"
        " `pip install '.[exchange]'` in a clone\n"
    )


def test_other_files_make_other_jobs():
    def fingerprints(lhe, hepmc):
        views = {"nominal": {}, "herwig": {"hepmc": hepmc}}
        run = Resolved(higgs_config([lhe], views=views))
        return [
            run.fingerprint("hard", "mg", 0),
            *(run.fingerprint("resimulate", "mg", 0, view) for view in views),
        ]

    first = fingerprints("a.lhe", "a.hepmc")
    assert [x == y for x, y in zip(first, fingerprints("b.lhe", "a.hepmc"), strict=True)] == [
        False,
        False,
        False,
    ]
    assert [x == y for x, y in zip(first, fingerprints("a.lhe", "b.hepmc"), strict=True)] == [
        True,
        True,
        False,
    ]


def test_a_process_from_files_needs_no_settings_but_a_label():
    with pytest.raises(ConfigError, match=r"processes.mg.label: this key is required"):
        make_config(processes={"mg": {"events": 1, "lhe": ["a.lhe"], "initiators": [25]}})
    config = make_config(
        processes={"mg": {"events": 1, "lhe": ["a.lhe"], "initiators": [25], "label": "H"}}
    )
    assert config.processes["mg"].settings == ()
    with pytest.raises(ConfigError, match="not in the catalogue of processes"):
        make_config(processes={"mg": {"events": 1}})


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ({"processes": ONE, "views": {"h": {"hepmc": "{proces}"}}}, r"h: hepmc: found \{proces\}"),
        ({"processes": ONE, "views": {"h": {"hepmc": "{process:d}"}}}, r"found \{process:d\}"),
        ({"processes": ONE, "views": {"h": {"hepmc": "{chunk!x}"}}}, r"found \{chunk!x\}"),
        ({"processes": ONE, "views": {"h": {"hepmc": "a}"}}}, r"found \} in 'a\}'"),
        ({"processes": ONE, "views": {"h": {"hepmc": "{{chunk}}"}}}, r"found \{\} in"),
        (
            {"processes": ONE, "views": {"h": {"hepmc": "x", "copies": 2}}},
            r"views\.h_2\.hepmc: 'x' is that of 'h_1', too",
        ),
        ({"views": {"h": {"hepmc": "all.hepmc"}}}, r"expected \{process\} in the path"),
        (
            {"processes": ONE, "views": {"h": {"hepmc": "x", "variation": "fsr_up"}}},
            "was showered elsewhere",
        ),
        (
            {
                "processes": ONE,
                "views": {"h": {"hepmc": "x"}, "r": {"redo": "hadronization", "of": "h"}},
            },
            "cannot be hadronised again",
        ),
    ],
)
def test_views_from_files_cannot_be_changed_before_the_detector(blocks, message):
    with pytest.raises(ConfigError, match=message):
        make_config(**blocks)
    make_config(processes=ONE, views={"h": {"hepmc": "x"}, "d": {"redo": "detector", "of": "h"}})
