"""The settings that values depend on, in the words of a model card."""

from __future__ import annotations

from patron.settings import Settings


def settings_told(settings: Settings) -> dict[str, str]:
    """Each setting of models and of value, but the seed, by its name in patron.toml."""
    told = {f"models.{name}": _written(value) for name, value in settings.models.model_dump().items() if name != "seed"}
    return told | {f"value.{name}": _written(value) for name, value in settings.value.model_dump().items()}


def _written(setting: object) -> str:
    return ", ".join(map(str, setting)) if isinstance(setting, tuple) else str(setting)
