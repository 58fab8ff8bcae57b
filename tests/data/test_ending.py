"""How a command ends when it cannot go on, told on the screen and in its log."""

import signal
import subprocess
import sys
import time

import pytest

from rs3l_data import ending

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
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(9)

ending.run(app)
"""


def test_a_command_of_typer_says_that_it_was_interrupted():
    program = [sys.executable, "-c", TYPER]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert done.stderr == f"{ending.INTERRUPTED}\n"


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


def test_a_forked_process_ends_at_once_by_sigterm(tmp_path):
    program = [sys.executable, "-c", FORKING]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        time.sleep(0.1)
        subprocess.run(["kill", "-TERM", str(child)], check=True)
        assert parent.stdout.readline() == f"child {-signal.SIGTERM}\n"
    assert parent.returncode == 0
