"""One attempt to make a delivery."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

import httpx

from classify_core.public_addresses import AddressError, CheckedTransport, reason_of
from classify_core.server.store.deliveries import Delivery
from classify_core.server.webhooks.message import request_for

# The answer's body says nothing to us; a little is read, so that a receiver can finish writing it.
_READ_BYTES: Final = 4096
_READ_SECONDS: Final = 1.0


async def attempt(transport: CheckedTransport, delivery: Delivery, seconds: float) -> str | None:
    """Tells a delivery's event to its endpoint once.

    Args:
        transport: resolves and checks the endpoint's host.
        delivery: the event and the endpoint.
        seconds: for all of it, from resolving the host to the answer's status.

    Returns:
        Why it failed, fit for a log; None where the endpoint answered with any 2xx status.
    """
    try:
        async with asyncio.timeout(seconds):
            response = await transport.handle_async_request(request_for(delivery))
    except TimeoutError:
        return f"no answer within {seconds:g} s"
    except AddressError as error:
        return str(error)
    except httpx.HTTPError as error:
        return reason_of(error)
    await _put_down(response)
    return None if response.is_success else f"HTTP status {response.status_code}"


async def _put_down(response: httpx.Response) -> None:
    """Ends an answer whose status stands, whatever becomes of its body."""
    with suppress(TimeoutError, httpx.HTTPError):
        async with asyncio.timeout(_READ_SECONDS):
            count = 0
            async for chunk in response.aiter_raw():
                count += len(chunk)
                if count >= _READ_BYTES:
                    break
    with suppress(httpx.HTTPError):
        await response.aclose()
