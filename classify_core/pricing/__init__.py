"""What classifying costs: estimated before, limited meanwhile, totalled after."""

from classify_core.pricing.budget import Budget, Reservation
from classify_core.pricing.estimate import Estimate, UnreadableSource, estimate
from classify_core.pricing.page_count import count_pages, pages_of
from classify_core.pricing.prices import price_of_answer, price_of_pages
from classify_core.pricing.usage import UsageCounter, UsageTotals

__all__ = [
    "Budget",
    "Estimate",
    "Reservation",
    "UnreadableSource",
    "UsageCounter",
    "UsageTotals",
    "count_pages",
    "estimate",
    "pages_of",
    "price_of_answer",
    "price_of_pages",
]
