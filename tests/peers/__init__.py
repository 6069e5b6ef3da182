"""Scenarios that the official clients and ours play against the server."""
