"""How deliveries to webhooks are signed: with the HMAC-SHA256 of the raw body. No moment is signed."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

SIGNATURE_HEADER: Final = "LC-Signature"


def sign(secret: str, body: bytes) -> str:
    """Returns the value of the signature's header."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def verify(secret: str, body: bytes, header: str | None) -> bool:
    """Whether a body was signed with the secret; takes the same time for each wrong signature.

    Args:
        secret: the endpoint's `webhook_signing_secret`.
        body: as it arrived, before it is parsed: written anew it may differ.
        header: the value of `LC-Signature`; None where the request has none.
    """
    return hmac.compare_digest(sign(secret, body).encode(), (header or "").encode(errors="replace"))
