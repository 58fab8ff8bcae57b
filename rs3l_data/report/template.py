"""Pages made of a template and what is put into it."""

from __future__ import annotations

from typing import Any

import jinja2


def filled(template: str, room: str, /, **content: Any) -> str:
    """Fill a template of a room, which may build on those of the report."""
    rooms = dict.fromkeys((room, "report"))
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader("rs3l_data", own) for own in rooms]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(content)
