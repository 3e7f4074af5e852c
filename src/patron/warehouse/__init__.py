"""Where tables live and queries run."""

from patron.warehouse.duckdb import WAREHOUSE_FILE, DuckDBWarehouse
from patron.warehouse.installed import open_warehouse
from patron.warehouse.warehouse import Batches, Warehouse

__all__ = ["WAREHOUSE_FILE", "Batches", "DuckDBWarehouse", "Warehouse", "open_warehouse"]
