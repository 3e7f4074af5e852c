"""What every section of patron.toml has in common."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, StringConstraints

NAME_FORM: Final = r"^[a-z][a-z0-9_]{0,39}$"
Name = Annotated[str, StringConstraints(pattern=NAME_FORM)]


class Section(BaseModel):
    """A frozen section; an unknown key is a fault, and values are not bent into other types."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
