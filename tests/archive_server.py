"""An archive on this machine that answers as Zenodo does, and misbehaves as told."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

TOKEN = "secret-token"


@dataclass
class Fault:
    """What happens to one request instead of the right answer."""

    status: int | None = None
    """Answer with this"""
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    """Send so many bytes of the body, then break the connection"""
    corrupt: bool = False
    """Flip a bit of the body"""
    body: bytes | None = None
    """Send this as an answer with status 200"""
    stall: float = 0
    """Wait before the answer [s]"""


class Archive(ThreadingHTTPServer):
    """Records by number, each a name → path mapping, and depositions."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.records: dict[str, dict[str, Path]] = {}
        self.listed: dict[str, dict[str, object]] = defaultdict(dict)
        """Of a file's name, what its entry in a record says instead of the truth"""
        self.newest: dict[str, str] = {}
        """Numbers that stand for all versions of a record"""
        self.faults: dict[str, list[Fault]] = defaultdict(list)
        """By the last part of the path: what happens to the next requests for it"""
        self.knows_ranges = True
        self.requests: list[tuple[str, str, str | None]] = []
        """(method, path, Range) of every request"""
        self.depositions: dict[str, dict] = {}
        self.stored: dict[str, dict[str, bytes]] = defaultdict(dict)
        self.tokens: set[str | None] = set()
        self.encodings: set[str | None] = set()
        """Those that clients take for bodies"""

    def handle_error(self, *_: object) -> None:
        """Clients that hang up are part of the tests."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def add(self, number: str, folder: Path) -> None:
        """Publish the files of a folder as a record."""
        self.records[number] = {p.name: p for p in sorted(folder.iterdir()) if p.is_file()}

    def asked_for(self, name: str) -> list[str | None]:
        """List the Range headers of the requests for a file's content."""
        return [r for _, path, r in self.requests if path.endswith(f"/blob/{quote(name, safe='')}")]

    def describe(self, number: str) -> dict:
        files = [
            {
                "id": str(i),
                "key": name,
                "size": path.stat().st_size,
                "checksum": "md5:" + hashlib.md5(path.read_bytes()).hexdigest(),
                "links": {
                    "self": f"{self.url}/api/records/{number}/files/{quote(name, safe='')}/content"
                },
                **self.listed[name],
            }
            for i, (name, path) in enumerate(self.records[number].items())
        ]
        return {
            "id": int(number),
            "doi": f"10.5281/zenodo.{number}",
            "metadata": {"title": "Jets", "access_right": "open"},
            "files": files,
            "links": {"self": f"{self.url}/api/records/{number}"},
        }


@contextmanager
def running() -> Iterator[Archive]:
    with Archive() as archive:
        thread = threading.Thread(target=archive.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield archive
        finally:
            archive.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Archive

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        path = self._path()
        fault = self._fault(path)
        if fault.status is not None or fault.body is not None:
            return self._send(fault.status or 200, fault.body or b"{}", fault.headers)
        if m := re.fullmatch(r"/api/records/(\d+)", path):
            if m[1] in self.server.newest:
                target = f"/api/records/{self.server.newest[m[1]]}"
                return self._send(301, b"", {"Location": target})
            if m[1] not in self.server.records:
                return self._send(404, b'{"status": 404, "message": "PID does not exist."}')
            return self._send_json(self.server.describe(m[1]), fault.cut_after)
        if m := re.fullmatch(r"/api/records/(\d+)/files/([^/]+)/content", path):
            # Zenodo's files lie on other servers than its interface.
            return self._send(302, b"", {"Location": f"/store/{m[1]}/blob/{m[2]}"})
        if m := re.fullmatch(r"/store/(\d+)/blob/([^/]+)", path):
            return self._send_file(self.server.records[m[1]][unquote(m[2])], fault)
        if m := re.fullmatch(r"/api/deposit/depositions/(\d+)", path):
            return self._send_json(self._deposition(m[1]))
        return self._send(404, b"{}")

    def do_POST(self) -> None:
        path, body = self._path(), self._read()
        fault = self._fault(path)
        if fault.status is not None:
            return self._send(fault.status, b"{}", fault.headers)
        if not self._authorised():
            return self._send(401, b"{}")
        if path == "/api/deposit/depositions":
            number = str(900 + len(self.server.depositions))
            self.server.depositions[number] = {"metadata": json.loads(body).get("metadata", {})}
            return self._send_json(self._deposition(number), status=201)
        if m := re.fullmatch(r"/api/deposit/depositions/(\d+)/actions/publish", path):
            self.server.depositions[m[1]]["submitted"] = True
            return self._send_json(self._deposition(m[1]), status=202)
        return self._send(404, b"{}")

    def do_PUT(self) -> None:
        path, body = self._path(), self._read()
        fault = self._fault(path)
        if fault.status is not None:
            return self._send(fault.status, b"{}", fault.headers)
        if fault.body is not None:
            return self._send(200, fault.body, fault.headers)
        if not self._authorised():
            return self._send(401, b"{}")
        if m := re.fullmatch(r"/api/files/(\d+)/([^/]+)", path):
            if fault.corrupt:
                body = bytes([body[0] ^ 1]) + body[1:]
            self.server.stored[m[1]][unquote(m[2])] = body
            return self._send_json({"key": m[2], "checksum": _md5(body)}, status=201)
        if m := re.fullmatch(r"/api/deposit/depositions/(\d+)", path):
            self.server.depositions[m[1]]["metadata"] = json.loads(body)["metadata"]
            return self._send_json(self._deposition(m[1]))
        return self._send(404, b"{}")

    def _path(self) -> str:
        path = urlsplit(self.path).path
        self.server.requests.append((self.command, path, self.headers.get("Range")))
        self.server.encodings.add(self.headers.get("Accept-Encoding"))
        return path

    def _fault(self, path: str) -> Fault:
        name = unquote(path.rsplit("/", 1)[-1])
        waiting = self.server.faults[name]
        fault = waiting.pop(0) if waiting else Fault()
        time.sleep(fault.stall)
        return fault

    def _read(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _authorised(self) -> bool:
        self.server.tokens.add(self.headers.get("Authorization"))
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def _deposition(self, number: str) -> dict:
        base = self.server.url
        return {
            "id": int(number),
            "submitted": False,
            **self.server.depositions[number],
            "files": [
                {"filename": name, "filesize": len(body), "checksum": _md5(body)[4:]}
                for name, body in self.server.stored[number].items()
            ],
            "links": {
                "bucket": f"{base}/api/files/{number}",
                "self": f"{base}/api/deposit/depositions/{number}",
                "html": f"{base}/deposit/{number}",
                "publish": f"{base}/api/deposit/depositions/{number}/actions/publish",
            },
        }

    def _send_json(self, answer: dict, cut_after: int | None = None, status: int = 200) -> None:
        body = json.dumps(answer).encode()
        self._send(status, body[:cut_after], {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _send_file(self, path: Path, fault: Fault) -> None:
        size = path.stat().st_size
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        start = int(asked[1]) if asked and self.server.knows_ranges else 0
        if start >= size and start:
            return self._send(416, b"", {"Content-Range": f"bytes */{size}"})
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(size - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        self.end_headers()
        length = size - start
        if fault.cut_after is not None:
            length, self.close_connection = min(length, fault.cut_after), True
        with path.open("rb") as file:
            if not fault.corrupt:
                self.connection.sendfile(file, start, length) if length else None
                return None
            file.seek(start)
            body = bytearray(file.read(length))
            body[len(body) // 2] ^= 1
            self.wfile.write(body)
            return None


def _md5(body: bytes) -> str:
    return "md5:" + hashlib.md5(body).hexdigest()
