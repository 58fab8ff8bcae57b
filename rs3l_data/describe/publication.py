"""What only people know of a dataset that they publish: who made it, its name, its licence."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from rs3l_data.describe.strict import Strict
from rs3l_data.describe.wording import DOI, NOT_EMPTY, ORCID

Licence = Literal["CC-BY-4.0", "CC0-1.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0"]

LICENCES: dict[Licence, tuple[str, str]] = {
    "CC-BY-4.0": (
        "Creative Commons Attribution 4.0 International",
        "https://creativecommons.org/licenses/by/4.0/",
    ),
    "CC0-1.0": (
        "Creative Commons Zero v1.0 Universal",
        "https://creativecommons.org/publicdomain/zero/1.0/",
    ),
    "CC-BY-SA-4.0": (
        "Creative Commons Attribution Share Alike 4.0 International",
        "https://creativecommons.org/licenses/by-sa/4.0/",
    ),
    "CC-BY-NC-4.0": (
        "Creative Commons Attribution Non Commercial 4.0 International",
        "https://creativecommons.org/licenses/by-nc/4.0/",
    ),
}
"""Name and address of each licence, by its SPDX identifier"""


def _checked_orcid(value: str) -> str:
    """Compare the last character with the checksum of the others (ISO 7064, MOD 11-2)."""
    digits = value.replace("-", "")
    total = 0
    for digit in digits[:-1]:
        total = (total + int(digit)) * 2
    expected = "0123456789X"[(12 - total % 11) % 11]
    if digits[-1] != expected:
        raise ValueError(f"not an ORCID: its last character should be {expected}; a typing error?")
    return value


Orcid = Annotated[
    str,
    Field(pattern=ORCID),
    AfterValidator(_checked_orcid),
]


class Creator(Strict):
    """One of those who made the dataset."""

    name: str = Field(
        pattern=NOT_EMPTY, description="Family name, given names; or a collaboration."
    )
    affiliation: str | None = Field(None, description="Institution.")
    orcid: Orcid | None = Field(None, description="0000-0000-0000-0000")


class Publication(Strict):
    """What the record of a dataset says beside what the dataset says of itself."""

    title: str = Field(pattern=NOT_EMPTY, description="Title of the record.")
    creators: tuple[Creator, ...] = Field(min_length=1, description="In the order of citation.")
    description: str = Field(
        "", description="A paragraph or more of plain text, put before what is generated."
    )
    licence: Licence = Field("CC-BY-4.0", description="SPDX identifier.")
    publisher: str = Field("Zenodo", description="The archive.")
    version: str | None = Field(
        None, description='Of the dataset, as 1.0.0; of two numbers in quotes, as "1.0".'
    )
    year: int | None = Field(
        None, ge=1900, le=9999, description="Of publication; when the dataset was made, if not."
    )
    doi: str | None = Field(
        None,
        pattern=DOI,
        description="If one is reserved; it then stands in the card.",
    )
    keywords: tuple[str, ...] = Field(
        ("jets", "self-supervised learning", "re-simulation", "Pythia 8"),
        description="For the archive's search.",
    )
    communities: tuple[str, ...] = Field((), description="Of Zenodo, by their identifiers.")
