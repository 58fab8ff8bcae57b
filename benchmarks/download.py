"""Speed of download and verification from this machine: `python -m benchmarks.download`.

The server is a process of its own, with Python's `http.server`; so the figure is a lower bound for
the client, which shares the machine with it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import shutil
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import requests

from rs3l_data.record.address import Address
from rs3l_data.record.client import Client
from rs3l_data.record.download import download
from tests.archive_server import running

N_FILES = 4
MB = 100


def main() -> None:
    """Print MB/s of fresh downloads and of checks of a complete copy."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rounds", type=int, nargs="?", default=3, help="how often each is timed")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        source = folder / "source"
        source.mkdir()
        for i in range(N_FILES):
            (source / f"{i}.bin").write_bytes(os.urandom(MB * 10**6))
        ours, theirs = multiprocessing.Pipe()
        server = multiprocessing.Process(target=_serve, args=(source, theirs), daemon=True)
        server.start()
        address = Address(ours.recv(), "1")
        fetched, checked, bare = [], [], []
        for i in range(rounds):
            fetched.append(_rate(address, folder / str(i)))
            checked.append(_rate(address, folder / str(i)))
            shutil.rmtree(folder / str(i))
            bare.append(_bare_rate(address))
        server.kill()
    print(
        json.dumps(
            {
                "download_and_verify_mb_s": [round(rate) for rate in fetched],
                "median_mb_s": round(statistics.median(fetched)),
                "best_mb_s": round(max(fetched)),
                "received_and_thrown_away_mb_s": round(statistics.median(bare)),
                "check_of_a_copy_mb_s": round(statistics.median(checked)),
                "files": f"{N_FILES} of {MB} MB, 4 at once, MD5",
                "machine": f"{os.cpu_count()} CPUs, {platform.machine()}, {platform.system()}",
                "python": platform.python_version(),
                "requests": requests.__version__,
            },
            indent=2,
        )
    )


def _serve(source: Path, pipe: Connection) -> None:
    with running() as archive:
        archive.add("1", source)
        # The checksums are computed once, not in every answer.
        answer = archive.describe("1")
        archive.describe = lambda _: answer  # type: ignore[method-assign]
        pipe.send(archive.url)
        time.sleep(3600)


def _bare_rate(address: Address) -> float:
    """Receive the same files, and neither write nor verify them."""

    def receive(i: int) -> None:
        url = f"{address.base}/store/{address.number}/blob/{i}.bin"
        with requests.get(url, stream=True, timeout=60) as response:
            for _ in response.iter_content(1 << 18):
                pass

    began = time.perf_counter()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(receive, range(N_FILES)))
    return N_FILES * MB / (time.perf_counter() - began)


def _rate(address: Address, folder: Path) -> float:
    began = time.perf_counter()
    download(address, folder, client=Client(), threads=4, progress="lines")
    return N_FILES * MB / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
