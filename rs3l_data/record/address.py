"""Where a record lies: from its number, its DOI or its page's address."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rs3l_data.errors import ConfigError

ZENODO = "https://zenodo.org"
SANDBOX = "https://sandbox.zenodo.org"

_DOI = re.compile(r"(?:doi:|https?://(?:dx\.)?doi\.org/)?(10\.\d{4,}/\S+)", re.IGNORECASE)
_ZENODO_DOI = re.compile(r"10\.(5281|5072)/zenodo\.(\d+)", re.IGNORECASE)
_URL = re.compile(r"(https?://[^/\s]+(?:/[^/\s?#]+)*?)/(?:api/)?records?/(\d+)(?:[/?#]\S*)?")


@dataclass(frozen=True, slots=True)
class Address:
    """A record and the archive that holds it."""

    base: str
    """The archive's address, without a slash at the end"""
    number: str

    @property
    def api(self) -> str:
        """Where the archive describes the record in JSON."""
        return f"{self.base}/api/records/{self.number}"


def archive(base: str) -> str:
    """Check an archive's address; without a slash at the end.

    Raises
    ------
    ConfigError
        If it is none, or has a password in it.
    """
    if not re.match(r"https?://[^/\s]", base):
        raise ConfigError(f"'{base}': expected an archive's address, as {ZENODO}")
    _, at, host = base.split("/")[2].rpartition("@")
    if at:
        raise ConfigError(
            f"the address of {host} has a name or a password in it, which messages would show and "
            "the record's folder would keep; put them into ~/.netrc"
        )
    return base.rstrip("/")


def locate(text: str, base: str = ZENODO) -> Address:
    """Understand what a user calls a record.

    Parameters
    ----------
    text
        The record's number, its DOI (`10.5281/zenodo.123`, with `doi:` or `https://doi.org/`
        before it or not), or the address of its page.
    base
        The archive that numbers and DOIs are looked up in; an address names its own.

    Raises
    ------
    ConfigError
        If it is none of these.

    Examples
    --------
    >>> locate("10.5281/zenodo.123").api
    'https://zenodo.org/api/records/123'
    >>> locate("https://sandbox.zenodo.org/records/7?preview=1")
    Address(base='https://sandbox.zenodo.org', number='7')
    """
    base = archive(base)
    text = text.strip()
    if re.fullmatch(r"\d+", text):
        return Address(base, text)
    if doi := _DOI.fullmatch(text):
        found = _ZENODO_DOI.fullmatch(doi[1])
        if found is None:
            raise ConfigError(
                f"'{text}': the DOI of another archive; expected one of Zenodo, "
                "10.5281/zenodo.<number>, or the address of a record's page"
            )
        is_sandbox = found[1] == "5072" and base == ZENODO
        return Address(SANDBOX if is_sandbox else base, found[2])
    if url := _URL.fullmatch(text):
        return Address(archive(url[1]), url[2])
    raise ConfigError(
        f"'{text}': expected a record's number, its DOI (10.5281/zenodo.<number>), or the address "
        f"of its page ({ZENODO}/records/<number>)"
    )
