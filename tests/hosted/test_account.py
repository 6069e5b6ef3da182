"""What the backends of one key share, and what they never do."""

from __future__ import annotations

import asyncio
import gc

from classify_core import HostedBackend
from classify_core.hosted import account as account_module
from classify_core.hosted.account import Account, KnownJobs

KEY = "llx-shared-0123456789"


def _account(**options: str) -> Account:
    return HostedBackend(**{"api_key": KEY, "base_url": "eu", **options})._jobs._account()


async def test_backends_of_one_key_share_an_account_and_no_others() -> None:
    first, second = HostedBackend(api_key=KEY, base_url="eu"), HostedBackend(api_key=KEY, base_url="eu", plan="pro")
    shared = first._jobs._account()
    assert second._jobs._account() is shared
    assert first._jobs._account() is shared
    others = [_account(base_url="us"), _account(api_key="llx-other"), _account(project_id="p")]
    assert len({id(account) for account in [shared, *others]}) == 4
    assert shared.places(5) is shared.places(5)
    assert shared.places(5) is not shared.places(20)


async def test_an_account_that_nobody_uses_is_forgotten_and_its_key_was_never_kept() -> None:
    backend = HostedBackend(api_key=KEY, base_url="eu")
    backend._jobs._account()
    here = account_module._accounts[asyncio.get_running_loop()]
    assert len(here) == 1
    assert KEY not in repr(list(here.items())) + repr(vars(backend._jobs._account()))
    del backend
    gc.collect()
    assert len(here) == 0


def test_another_loop_begins_anew() -> None:
    backend = HostedBackend(api_key=KEY, base_url="eu")

    async def account() -> Account:
        return backend._jobs._account()

    assert asyncio.run(account()) is not asyncio.run(account())


def test_known_jobs_are_bounded() -> None:
    jobs = KnownJobs()
    for number in range(account_module.MAX_KNOWN_JOBS + 1):
        jobs.add(str(number))
    assert "0" not in jobs
    assert "1" in jobs
    jobs.forget("1")
    assert "1" not in jobs
