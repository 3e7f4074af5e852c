"""What fetches rows and files from where they live: databases, object stores, BigQuery, HTTP services, and plugins."""

from patron.sources.connectors.connector import Connector, Fetched, Landing, Options, Request
from patron.sources.connectors.watermark import Watermark

__all__ = ["Connector", "Fetched", "Landing", "Options", "Request", "Watermark"]
