"""What a call tells of itself while it runs, and the bars that show it."""

from classify_core.progress.bars import progress
from classify_core.progress.events import ProgressCallback, ProgressEvent, Stage

__all__ = ["ProgressCallback", "ProgressEvent", "Stage", "progress"]
