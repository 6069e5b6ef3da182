"""Chroma in memory: in one process all its clients must be made with the same settings."""

from __future__ import annotations

import chromadb


def chroma_client() -> chromadb.ClientAPI:
    """A client that tells nobody what it does."""
    return chromadb.EphemeralClient(settings=chromadb.Settings(anonymized_telemetry=False))
