"""Where tables live and queries run."""

from patron.warehouse.duckdb import DuckDBWarehouse, open_warehouse

__all__ = ["DuckDBWarehouse", "open_warehouse"]
