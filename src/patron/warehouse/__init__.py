"""Where tables live and queries run."""

from patron.warehouse.duckdb import Batches, DuckDBWarehouse, open_warehouse

__all__ = ["Batches", "DuckDBWarehouse", "open_warehouse"]
