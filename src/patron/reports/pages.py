"""How pages are made from templates: every value escaped, a missing one an error, no template from outside the package."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined


def page_templates() -> Environment:
    """The templates of this package. An environment keeps what it compiled: keep the environment where pages are made often."""
    return Environment(
        loader=PackageLoader("patron.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
