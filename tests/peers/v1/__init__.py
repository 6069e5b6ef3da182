"""The scenarios of the deprecated API."""
