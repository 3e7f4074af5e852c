"""What the tables of the state share: one registry, and how ids and moments are kept."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, MetaData, String

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)
LONGEST_NAME: Final = 100
ID: Final = String(32)
MOMENT: Final = BigInteger  # microseconds since 1970 in UTC: equal on every database, and never in a zone
