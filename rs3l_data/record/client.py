"""One HTTP request, and what to make of its failure: try again later, or never.

`requests` knows proxies, certificates and redirects, and sends a token to no other host. When to
try again is ours, because a body that breaks off half-way is to be asked for from there on, which
no library's own retries do.
"""

from __future__ import annotations

import datetime
import email.utils
import json
import logging
import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any, TypeVar

import requests
from pydantic import BaseModel, ValidationError
from requests.auth import AuthBase

from rs3l_data.errors import TransferError

logger = logging.getLogger(__name__)

M = TypeVar("M", bound=BaseModel)

_TEMPORARY = (408, 425, 429, 500, 502, 503, 504)
_MEANINGS = {
    401: "it wants a login",
    403: "access is restricted",
    404: "there is nothing of this name",
    410: "it was deleted",
}
_LONGEST_WAIT = 60.0
_LONGEST_ASKED = 900.0
_LARGEST_JSON = 64 << 20
_BLOCK = 1 << 18


class AgainError(Exception):
    """A failure that may be gone when tried again."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait
        """What the server asks to wait [s]"""


class AbandonedError(Exception):
    """Another thread has failed, or the user has had enough."""


@dataclass
class Client:
    """Makes requests, from several threads at once."""

    attempts: int = 8
    """How often in a row a request may fail"""
    timeout: float = 60.0
    """Silence that counts as a failure [s]"""
    backoff: float = 1.0
    """The first wait [s]; each further one is twice as long, up to a minute"""
    auth: AuthBase | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    """Set to end all waiting and reading"""

    def __post_init__(self) -> None:
        self._own = threading.local()

    @contextmanager
    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        data: IO[bytes] | None = None,
        body: Any = None,
    ) -> Iterator[requests.Response]:
        """Make one request; the body of the answer is still to be read.

        Parameters
        ----------
        data, body
            What to send: a file, or what becomes JSON.

        Raises
        ------
        AgainError
            If it failed, here or while the body is read, in a way that may pass.
        TransferError
            If it failed in a way that stays.
        """
        session = self._session()
        # Compressed on the way, a body has other bytes and another length than the file.
        headers = {"Accept-Encoding": "identity", **(headers or {})}
        try:
            with session.request(
                method,
                url,
                headers=headers,
                data=data,
                json=body,
                auth=self.auth,
                stream=True,
                timeout=(min(self.timeout, 20.0), self.timeout),
            ) as response:
                _check_status(response)
                yield response
        except requests.exceptions.SSLError as error:
            raise TransferError(f"{url}: no trusted connection: {error}") from None
        except (requests.ConnectionError, requests.Timeout) as error:
            raise AgainError(f"{url}: {_in_words(error)}") from None
        except requests.exceptions.ChunkedEncodingError:
            raise AgainError(f"{url}: the connection broke off") from None
        except requests.RequestException as error:
            raise TransferError(f"{url}: {error}") from None

    def blocks(self, response: requests.Response) -> Iterator[bytes]:
        """Read a body piece by piece, until another thread says stop."""
        for block in response.iter_content(_BLOCK):
            if self.stop.is_set():
                raise AbandonedError
            yield block

    def json(self, method: str, url: str, **options: Any) -> Any:
        """Make a request whose answer is JSON, again and again while there is hope.

        A POST is made once: it may have had its effect though its answer was lost.

        Raises
        ------
        TransferError
            If there is none left, or the answer is no JSON.
        """
        patience = Patience(self, url)
        while True:
            try:
                with self.request(method, url, **options) as response:
                    return self.parsed(response)
            except AgainError as failure:
                if method == "POST":
                    raise TransferError(f"{failure}; look whether it arrived") from None
                patience.wait(failure)

    def parsed(self, response: requests.Response) -> Any:
        """Read an answer that is JSON; None where an archive has nothing to say.

        Raises
        ------
        AgainError
            If it breaks off.
        TransferError
            If it is no JSON, or too much.
        """
        content = bytearray()
        for block in self.blocks(response):
            content += block
            if len(content) > _LARGEST_JSON:
                raise TransferError(f"{response.url}: more than {_LARGEST_JSON >> 20} MB of JSON")
        if not content and response.status_code in (202, 204):
            return None
        try:
            return json.loads(content)
        except ValueError as error:
            kind = response.headers.get("Content-Type", "no type").split(";")[0]
            if "json" in kind:
                raise AgainError(f"{response.url}: JSON that breaks off: {error}") from None
            raise TransferError(
                f"{response.url}: expected JSON, found {kind}; is this the address of an archive "
                "with Zenodo's interface?"
            ) from None

    def _session(self) -> requests.Session:
        # A session is not made for several threads.
        if not hasattr(self._own, "session"):
            self._own.session = requests.Session()
            self._own.session.headers["User-Agent"] = "rs3l-data (https://arxiv.org/abs/2403.07066)"
        session: requests.Session = self._own.session
        return session


class Patience:
    """Counts failures in a row and waits between them, longer each time."""

    def __init__(self, client: Client, what: str) -> None:
        self._client, self._what = client, what
        self._failures = 0
        self._furthest = 0

    def advanced(self, place: int) -> None:
        """Forget the failures, if this is further than ever before."""
        if place > self._furthest:
            self._furthest, self._failures = place, 0

    def wait(self, failure: AgainError) -> None:
        """Wait before the next attempt.

        Raises
        ------
        TransferError
            If there were enough attempts, or the server asks for too long a wait.
        AbandonedError
            If the waiting was ended.
        """
        self._failures += 1
        if self._failures >= self._client.attempts:
            raise TransferError(
                f"{failure} (failed {self._failures} times in a row); what has arrived is kept, so "
                "run the same command again later"
            )
        if (failure.wait or 0) > _LONGEST_ASKED:
            raise TransferError(f"{failure}; the server asks to wait {failure.wait:.0f} s")
        longest = min(self._client.backoff * 2 ** (self._failures - 1), _LONGEST_WAIT)
        # Jitter, so that many clients that failed together do not come back together.
        delay = max(longest * random.uniform(0.5, 1), failure.wait or 0)
        logger.debug("%s: %s; again in %.1f s", self._what, failure, delay)
        if self._client.stop.wait(delay):
            raise AbandonedError


def understood(answer: Any, model: type[M], what: str) -> M:
    """Read an archive's answer, of which a model says what we need.

    Parameters
    ----------
    what
        Where it comes from and what it is not if it does not fit, for the message.

    Raises
    ------
    TransferError
        With the first fault, and its place in the answer.
    """
    try:
        return model.model_validate(answer)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(map(str, fault["loc"]))
        told = f"{place}: {fault['msg']}" if place else "it is no JSON object"
        raise TransferError(f"{what} as Zenodo describes one: {told}") from None


def _check_status(response: requests.Response) -> None:
    status = response.status_code
    # 416: what was asked for lies behind the end; who asked for a range knows what to do.
    if status < 400 or status == 416:
        return
    message = f"{response.url}: {status} {response.reason}"
    if status in _TEMPORARY:
        raise AgainError(message, _asked_wait(response.headers.get("Retry-After")))
    raise TransferError(f"{message}: {_MEANINGS.get(status) or _told(response)}")


def _told(response: requests.Response) -> str:
    """Quote what an archive says of a request that it refuses."""
    try:
        return json.dumps(json.loads(next(response.iter_content(10_000), b"")))[:1000]
    except (ValueError, requests.RequestException):
        return "refused without a reason"


def _asked_wait(header: str | None) -> float | None:
    """Understand Retry-After: seconds, or a date."""
    if not header:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        date = email.utils.parsedate_to_datetime(header)
    except ValueError:
        return None
    # A date of HTTP is one of Greenwich, named or not.
    date = date if date.tzinfo else date.replace(tzinfo=datetime.UTC)
    return max((date - datetime.datetime.now(datetime.UTC)).total_seconds(), 0.0)


def _in_words(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    # The innermost cause says it best: a name that does not resolve, a refused connection.
    cause: BaseException = error
    while cause.__cause__ or cause.__context__:
        cause = cause.__cause__ or cause.__context__ or cause
    return f"no connection, or it broke off: {cause}"
