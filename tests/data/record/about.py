"""What people say of a record in these tests."""

from rs3l_data.describe.publication import Publication

ABOUT = Publication.model_validate(
    {
        "title": "Jets <in> views",
        "creators": [
            {"name": "Curie, Marie", "affiliation": "Sorbonne", "orcid": "0000-0002-1825-0097"},
            {"name": "The collaboration"},
        ],
        "description": "First & foremost.\n\nSecond.",
        "version": "1.2",
        "doi": "10.5281/zenodo.77",
        "communities": ["hep"],
    }
)
