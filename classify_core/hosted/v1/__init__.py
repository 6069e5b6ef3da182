"""The deprecated v1 API as a backend: one job for up to 500 documents, taken apart by document."""
