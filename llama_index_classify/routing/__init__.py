"""`IngestionRouter`: each document to the pipeline, index or function that its type has."""

from llama_index_classify.routing.report import RouteReport, RoutingReport
from llama_index_classify.routing.router import IngestionRouter

__all__ = ["IngestionRouter", "RouteReport", "RoutingReport"]
