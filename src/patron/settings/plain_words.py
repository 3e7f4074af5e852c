"""What pydantic finds wrong with a value, in the words of patron.toml."""

from __future__ import annotations

from typing import Any, Final

from patron.section import NAME_FORM
from patron.settings.declared import CURRENCY_FORM

_FORMS: Final = {
    NAME_FORM: "must be a lower-case letter, then letters, digits or _ (at most 40 in all)",
    CURRENCY_FORM: "must be three capital letters, such as EUR",
}
_TABLE: Final = "must be names with their values, in braces: {{ name = value }}"
_LIST: Final = "must be a list, in square brackets: [ … ]"
_WORDS: Final = {
    "model_type": _TABLE,
    "model_attributes_type": _TABLE,
    "dict_type": _TABLE,
    "tuple_type": _LIST,
    "list_type": _LIST,
    "string_type": "must be a text, in quotes",
    "bool_type": "must be true or false, without quotes",
    "int_type": "must be a whole number, without quotes",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number, without quotes",
    "finite_number": "must be a finite number",
    "literal_error": "must be {expected}",
    "string_too_short": "must have at least {min_length} character(s)",
    "string_too_long": "must have at most {max_length} character(s)",
    "too_short": "must hold at least {min_length}",
    "too_long": "must hold at most {max_length}",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be greater than or equal to {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be less than or equal to {le}",
}


def in_plain_words(item: Any) -> str:  # Any: one of pydantic's errors()
    """What was allowed where this stands; whatever a validator of ours says is taken as it is."""
    facts = item.get("ctx", {})
    if item["type"] == "string_pattern_mismatch":
        return _FORMS.get(facts["pattern"], "does not have the form that is asked for")
    if item["type"] == "tuple_type" and isinstance(item["input"], dict):
        header = ".".join(str(part) for part in item["loc"])
        return f"must be a list: write [[{header}]], in two pairs of brackets, above each"
    words = _WORDS.get(item["type"])
    if words:
        return words.format_map(facts).replace("1 character(s)", "1 character").replace("character(s)", "characters")
    return str(item["msg"]).removeprefix("Value error, ")


def given_in_words(value: Any) -> str:  # Any: whatever the file holds
    """The value before the words about it; nothing for what is too long to be read in a line."""
    holds_more = isinstance(value, list | tuple) and any(isinstance(one, dict) for one in value)
    return "" if isinstance(value, dict) or holds_more else f"{value!r}: "
