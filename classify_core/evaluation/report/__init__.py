"""The report on an evaluation: one HTML page that needs nothing besides itself."""

from __future__ import annotations

from classify_core.evaluation.report.page import report_page
from classify_core.evaluation.report.writing import write_report

__all__ = ["report_page", "write_report"]
