"""The hosted backend: uploads, job creation, rate limits, waiting, idempotency."""

from classify_core.hosted.backend import HostedBackend

__all__ = ["HostedBackend"]
