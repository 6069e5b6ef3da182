"""A cheap backend first, and a dear one only for what the cheap one is not sure of."""

from classify_core.cascade.backend import CascadeBackend
from classify_core.cascade.report import CascadeReport
from classify_core.cascade.teaching import CascadeTeaching

__all__ = ["CascadeBackend", "CascadeReport", "CascadeTeaching"]
