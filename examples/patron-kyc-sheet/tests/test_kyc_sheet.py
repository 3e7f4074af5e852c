"""The connector keeps Patron's rules, as its test kit has them."""

from __future__ import annotations

import shutil
from pathlib import Path

from patron_kyc_sheet import CONNECTOR

from patron.testing.connectors import check_connector

SHEETS = Path(__file__).parent / "sheets"


def test_the_connector_keeps_the_rules(tmp_path: Path) -> None:
    shutil.copytree(SHEETS, tmp_path / "kyc")
    expected = [
        {"Customer No": "1004", "Date of Birth": "1981-04-23", "Risk Class": "low", "Home Branch": "B2"},
        {
            "Customer No": "1017",
            "Date of Birth": "1969-11-02",
            "Risk Class": "high",
            "Home Branch": "B1",
            "Reviewed": "2025-06-30",
        },
    ]
    check_connector(CONNECTOR, {"folder": "kyc"}, expected, folder=tmp_path)
