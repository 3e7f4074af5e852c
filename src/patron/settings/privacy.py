"""The section [privacy], and what a source's personal columns must keep to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field, model_validator

from patron.section import Name, Section


class PrivacySettings(Section):
    """How customers are named, what wraps the vault's keys, what customers may be asked to consent to."""

    pseudonyms: bool = Field(
        False, description="true: customers' ids become keyed pseudonyms where files are read; the ids are in the vault"
    )
    keys: Name = Field(
        "credential",
        description="what wraps the vault's keys: credential, the credential 'vault'; file, a file of the owner's alone; "
        "or the name of an installed key service",
    )
    key_file: str = Field("", description="keys = file: where it is, best not in the workspace")
    purposes: tuple[Name, ...] = Field(
        (), description="what customers are asked to consent to, such as marketing; lists can be narrowed to who has"
    )

    @model_validator(mode="after")
    def _file_is_named(self) -> PrivacySettings:
        if (self.keys == "file") != bool(self.key_file):
            raise ValueError('keys = "file" and key_file belong together; give both or neither')
        return self


def refuse_unkept(personal: Mapping[str, str], plain_too: Sequence[str], used: Mapping[str, str]) -> None:
    """ValueError where personal columns would stand in the tables all the same; ``used`` are the file's columns, by what uses them."""
    if "customer_id" in personal:
        raise ValueError("'customer_id' is no name for a personal column; the vault keeps ids under it itself")
    unknown = [name for name in plain_too if name not in personal]
    if unknown:
        raise ValueError(f"plain_too names '{unknown[0]}', which personal does not; it has {', '.join(personal)}")
    repeated = [column for column in personal.values() if list(personal.values()).count(column) > 1]
    if repeated:
        raise ValueError(f"personal names the column '{repeated[0]}' twice")
    for name, column in personal.items():
        uses = [use for use, used_column in used.items() if used_column == column]
        if "customer_id" in uses:
            raise ValueError(
                f"the column '{column}' is the customer_id; to keep ids out of the tables set pseudonyms = true in [privacy]"
            )
        if uses and name not in plain_too:
            raise ValueError(
                f"the column '{column}' is personal and also used as {', '.join(uses)}, where it would stand in plain text; "
                f'take it out of one of the two, or add plain_too = ["{name}"] to have it in both'
            )
