"""Programs that measure; each prints what it found. They are no part of what is installed."""
