"""How a command ends when it cannot go on, told on the screen and in its log."""

import logging
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rs3l_data.progress import logging_to

PROGRAM = """
import os, signal, sys, time
# What a shell starts in the background ignores it.
signal.signal(signal.SIGINT, signal.default_int_handler)
from pathlib import Path
from rs3l_data import ending
from rs3l_data.errors import StorageError
from rs3l_data.progress import logging_to
from rs3l_data.store.atomic import atomic_write

def command():
    with logging_to(Path("log.txt")), atomic_write(Path("result.h5")) as part:
        part.write_text("half")
        FAULT

ending.run(command)
"""
FAULTS = {
    "raise StorageError('the disk is full')": (1, "error: the disk is full", "ERROR the disk"),
    "bytearray(1 << 62)": (1, "error: out of memory", "ERROR out of memory"),
    "os.kill(os.getpid(), signal.SIGTERM); time.sleep(9)": (143, "SIGTERM", "ERROR stopped by"),
    "os.kill(os.getpid(), signal.SIGINT); time.sleep(9)": (130, "interrupted", "ERROR interr"),
    "open('nowhere/x')": (1, "error: nowhere/x: No such file", "ERROR nowhere/x: No such file"),
    "import sys; sys.modules['uproot'] = None; import uproot": (
        2,
        "error: this needs the package uproot, which is not installed: `pip install '.[convert]'`",
        "ERROR this needs the package uproot",
    ),
    "import sys; sys.modules['scipy'] = None; import scipy.stats": (
        2,
        "`pip install '.[generate]'` or `pip install '.[train]'` in a clone",
        "ERROR this needs the package scipy",
    ),
    "import sys; sys.modules['sklearn'] = None; import sklearn": (2, "`pip install '.[tr", "sklea"),
    "import not_ours": (1, "Traceback", "No module named 'not_ours'"),
    "raise OSError('a bug')": (1, "Traceback", "OSError: a bug"),
    "raise ValueError('a bug')": (1, "Traceback", "ValueError: a bug"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_last_word_is_on_the_screen_and_in_the_log(tmp_path, fault):
    code, on_screen, in_log = FAULTS[fault]
    program = [sys.executable, "-c", PROGRAM.replace("FAULT", fault)]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert on_screen in done.stderr
    assert in_log in (tmp_path / "log.txt").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["log.txt"]


TYPER = """
import os, signal, time, typer
from rs3l_data import ending

signal.signal(signal.SIGINT, signal.default_int_handler)
app = typer.Typer()

@app.command()
def command():
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(9)
    except KeyboardInterrupt as interrupt:
        NOTE
        raise

ending.run(app)
"""


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ("pass", "interrupted; nothing half-written is left\n"),
        ("interrupt.add_note('a half is kept')", "interrupted; a half is kept\n"),
    ],
)
def test_a_command_of_typer_says_that_it_was_interrupted_and_what_is_left(note, said):
    program = [sys.executable, "-c", TYPER.replace("NOTE", note)]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert done.stderr == said


CLOSED = """
import os, sys
for number in CLOSED:
    os.close(number)
sys.stdout = sys.stderr = None
from pathlib import Path
from rs3l_data import ending
from rs3l_data.native_output import nowhere
from rs3l_data.progress import Progress

def command():
    with nowhere(), Progress("x", 2) as bar:
        print("said")
        sys.stderr.write("said")
        bar(2)
    Path("result").write_text("whole")

ending.run(command)
"""


@pytest.mark.parametrize("closed", ["(1,)", "(2,)", "(0, 1, 2)"])
def test_a_command_works_without_streams_as_under_cron(tmp_path, closed):
    """Nor does what is said go into the file that got the number of a closed stream."""
    program = [sys.executable, "-c", CLOSED.replace("CLOSED", closed)]
    subprocess.run(program, cwd=tmp_path, check=True)
    assert (tmp_path / "result").read_text() == "whole"


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no /dev/full here")
def test_a_full_disk_behind_standard_output_is_told_in_a_line():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "rs3l_train", "schema"],
            **{"stdout": full, "stderr": subprocess.PIPE, "text": True, "check": False},
        )
    assert done.returncode == 1
    assert done.stderr.startswith("error: No space left on device: for standard output")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no /dev/full here")
def test_a_log_without_room_does_not_end_the_work(tmp_path, monkeypatch, capsys):
    log = tmp_path / "a.log"
    with Path("/dev/full").open("w") as full, logging_to(log):
        names = {getattr(one, "baseFilename", ""): one for one in logging.getLogger().handlers}
        monkeypatch.setattr(names[str(log)], "stream", full)
        for _ in range(3):
            logging.getLogger("rs3l_data").warning("much to say")
    said = capsys.readouterr().err
    assert said.count("a.log: No space left on device; it ends here") == 1
    assert "Traceback" not in said


FORKING = """
import os, time
from rs3l_data import ending

def command():
    if os.fork() == 0:
        os.setpgid(0, 0)
        print(os.getpid(), flush=True)
        time.sleep(20)
        os._exit(0)
    print("child", os.waitstatus_to_exitcode(os.wait()[1]), flush=True)

ending.run(command)
"""


def test_a_forked_process_ends_at_once_by_sigterm():
    program = [sys.executable, "-c", FORKING]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        time.sleep(0.1)
        subprocess.run(["kill", "-TERM", str(child)], check=True)
        assert parent.stdout.readline() == f"child {-signal.SIGTERM}\n"
    assert parent.returncode == 0
