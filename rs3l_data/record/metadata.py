"""A record's metadata in the words of the archives: Zenodo's, and DataCite's schema 4."""

from __future__ import annotations

import datetime
import html
from collections.abc import Mapping
from typing import Any

from rs3l_data.describe.publication import LICENCES, Creator, Publication

_DATACITE = "http://datacite.org/schema/kernel-4"


def zenodo(about: Publication, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Write what Zenodo's deposition interface takes as `metadata`, and `.zenodo.json` holds."""
    paragraphs = [*about.description.split("\n\n"), summary(manifest)]
    found: dict[str, Any] = {
        "upload_type": "dataset",
        "access_right": "open",
        "title": about.title,
        "creators": [_given(creator) for creator in about.creators],
        "description": "".join(f"<p>{html.escape(p.strip())}</p>" for p in paragraphs if p.strip()),
        "license": about.licence.lower(),
        "keywords": list(about.keywords),
        "related_identifiers": [
            {"identifier": f"arXiv:{paper['arxiv']}", "relation": "cites"}
            for paper in manifest["citation"]
        ],
    }
    if about.version:
        found["version"] = about.version
    if about.communities:
        found["communities"] = [{"identifier": name} for name in about.communities]
    return found


def datacite(about: Publication, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Write the metadata by DataCite's schema 4, for any archive."""
    licence, address = LICENCES[about.licence]
    texts = [text for text in (about.description.strip(), summary(manifest)) if text]
    found: dict[str, Any] = {
        "schemaVersion": _DATACITE,
        "types": {"resourceTypeGeneral": "Dataset", "resourceType": "Simulated jets"},
        "creators": [_cited(creator) for creator in about.creators],
        "titles": [{"title": about.title}],
        "publisher": {"name": about.publisher},
        "publicationYear": year_of(about, manifest),
        "subjects": [{"subject": keyword} for keyword in about.keywords],
        "descriptions": [{"description": "\n\n".join(texts), "descriptionType": "Abstract"}],
        "rightsList": [
            {
                "rights": licence,
                "rightsUri": address,
                "rightsIdentifier": about.licence.lower(),
                "rightsIdentifierScheme": "SPDX",
                "schemeUri": "https://spdx.org/licenses/",
            }
        ],
        "relatedIdentifiers": [
            {
                "relatedIdentifier": f"arXiv:{paper['arxiv']}",
                "relatedIdentifierType": "arXiv",
                "relationType": "References",
            }
            for paper in manifest["citation"]
        ],
        "sizes": [f"{sum(file['bytes'] for file in manifest['files'])} bytes"],
        "formats": ["application/x-hdf5"],
    }
    if about.version:
        found["version"] = about.version
    if about.doi:
        found["doi"] = about.doi
    return found


def summary(manifest: Mapping[str, Any]) -> str:
    """Say in two sentences what a dataset holds."""
    processes = "; ".join(describe_process(manifest, name) for name in manifest["processes"])
    return (
        f"{manifest['n_rows']:,} initiators of jets from {manifest['n_events']:,} hard events "
        f"({processes}), each in {len(manifest['views'])} views, which share the hard process and "
        f"differ in what follows it: {', '.join(manifest['views'])}. HDF5 shards in the format "
        f"{manifest['format']} {manifest['format_version']}; README.md describes every column."
    )


def year_of(about: Publication, manifest: Mapping[str, Any]) -> str:
    """Give the year of publication: as told, or when the dataset was made, or this year."""
    made = manifest["created"] or datetime.date.today().isoformat()
    return str(about.year or made[:4])


def describe_process(manifest: Mapping[str, Any], name: str) -> str:
    """Give a process's description, or its name where there is none."""
    settings = manifest["config"].get("processes", {}).get(name, {})
    return str(settings.get("description") or name)


def _given(creator: Creator) -> dict[str, str]:
    return {key: value for key, value in creator.model_dump().items() if value}


def _cited(creator: Creator) -> dict[str, Any]:
    is_person = "," in creator.name
    found: dict[str, Any] = {
        "name": creator.name,
        "nameType": "Personal" if is_person else "Organizational",
    }
    if is_person:
        family, given = creator.name.split(",", 1)
        found |= {"familyName": family.strip(), "givenName": given.strip()}
    if creator.affiliation:
        found["affiliation"] = [{"name": creator.affiliation}]
    if creator.orcid:
        found["nameIdentifiers"] = [
            {
                "nameIdentifier": f"https://orcid.org/{creator.orcid}",
                "nameIdentifierScheme": "ORCID",
                "schemeUri": "https://orcid.org",
            }
        ]
    return found
