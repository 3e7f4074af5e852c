"""patron.toml: one frozen section per room, read once at the edge and handed along."""

from patron.settings.declared import (
    FILE_NAME,
    FILES_CONNECTOR,
    Condition,
    Group,
    ModelSettings,
    OverrideSettings,
    QualitySettings,
    ReadingSettings,
    ReleaseSettings,
    ReviewSettings,
    SegmentSettings,
    ServerSettings,
    Settings,
    Source,
    StreamSettings,
    Value,
    WarehouseSettings,
)
from patron.settings.environment import environment_name, sections
from patron.settings.privacy import PrivacySettings
from patron.settings.reading import OptionFault, read_settings

__all__ = [
    "FILES_CONNECTOR",
    "FILE_NAME",
    "Condition",
    "Group",
    "ModelSettings",
    "OptionFault",
    "OverrideSettings",
    "PrivacySettings",
    "QualitySettings",
    "ReadingSettings",
    "ReleaseSettings",
    "ReviewSettings",
    "SegmentSettings",
    "ServerSettings",
    "Settings",
    "Source",
    "StreamSettings",
    "Value",
    "WarehouseSettings",
    "environment_name",
    "read_settings",
    "sections",
]
