"""The scenarios of the current API."""
