"""What a call tells of itself while it runs, and the displays that show it."""

from classify_core.progress.combining import combined
from classify_core.progress.display import shown_progress
from classify_core.progress.events import ProgressCallback, ProgressEvent, Stage

__all__ = ["ProgressCallback", "ProgressEvent", "Stage", "combined", "shown_progress"]
