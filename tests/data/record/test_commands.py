"""Publishing and fetching by command, with wrong usage."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("download", "abc", "--to", "x"), 2, "expected a record's number"),
        (("download", "1", "--to", "x", "--base-url", "zenodo"), 2, "expected an archive's addr"),
        (("publish", "none", "--to", "x", "--about", "none.yaml"), 2, "none.yaml: no such file"),
        (("publish", "d", "--to", "x", "--about", "y", "--shard-size", "big"), 2, "as 500MB"),
        (("publish", "d", "--to", "x", "--about", "y", "--base-url", "z"), 2, "an archive's addr"),
        (("publish", "d", "--to", "x", "--about", "y", "--release"), 2, "goes with --upload"),
    ],
)
def test_wrong_usage(arguments, code, words):
    line = [sys.executable, "-m", "rs3l_data", *arguments]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr
