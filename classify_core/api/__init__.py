"""The typed client of the hosted classify API, for threads and for event loops."""

from classify_core.api.client import AsyncClassifyClient, ClassifyClient
from classify_core.api.connection import find_api_key, region_name, resolve_api_key, resolve_base_url
from classify_core.api.paging import AsyncListing, Listing

__all__ = [
    "AsyncClassifyClient",
    "AsyncListing",
    "ClassifyClient",
    "Listing",
    "find_api_key",
    "region_name",
    "resolve_api_key",
    "resolve_base_url",
]
