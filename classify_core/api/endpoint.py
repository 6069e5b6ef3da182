"""Descriptors that make methods of calls: one description, two faces, with signature and help kept.

`get = endpoint(calls_jobs.get_job)` in the body of a resource gives a method `(job_id, *, expand) -> ClassifyJob` on a
sync resource, and a coroutine function of the same arguments on an async one.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, overload

from pydantic import BaseModel

from classify_core.api.call import Call
from classify_core.api.drivers import Operation
from classify_core.api.paging import AsyncListing, Listing
from classify_core.models import Page

P = ParamSpec("P")
T = TypeVar("T")
Item = TypeVar("Item", bound=BaseModel)


class Face(Protocol):
    """A client as resources see it."""

    def run(self, operation: Operation[T]) -> T:
        """Does it."""


class AsyncFace(Protocol):
    """An async client as resources see it."""

    async def run(self, operation: Operation[T]) -> T:
        """Does it."""


class Resource:
    """The methods of one kind of thing, on a `ClassifyClient`."""

    def __init__(self, client: Face) -> None:
        self.client = client


class AsyncResource:
    """The methods of one kind of thing, on an `AsyncClassifyClient`."""

    def __init__(self, client: AsyncFace) -> None:
        self.client = client


class endpoint(Generic[P, T]):  # noqa: N801 - used like a decorator, as `property` is
    """A method that does what a description says."""

    def __init__(self, describe: Callable[P, Operation[T]]) -> None:
        self._describe = describe
        self.__doc__ = describe.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, resource: None, owner: type) -> Callable[Concatenate[Any, P], Any]: ...
    @overload
    def __get__(self, resource: Resource, owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, resource: AsyncResource, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, resource: Resource | AsyncResource | None, owner: type) -> Callable[..., Any]:
        if resource is None:
            return _unbound(self, self._describe, self._name, owner)
        make = self._amethod if isinstance(resource, AsyncResource) else self._method
        return _dressed(make(resource), self._describe, self._name, type(resource), r"\2")

    def _method(self, resource: Any) -> Callable[P, T]:
        def method(*args: P.args, **kwargs: P.kwargs) -> T:
            result: T = resource.client.run(self._describe(*args, **kwargs))
            return result

        return method

    def _amethod(self, resource: Any) -> Callable[P, Coroutine[Any, Any, T]]:
        async def method(*args: P.args, **kwargs: P.kwargs) -> T:
            result: T = await resource.client.run(self._describe(*args, **kwargs))
            return result

        return method


class listing(Generic[P, Item]):  # noqa: N801 - used like a decorator, as `property` is
    """A method that lists what a description says, lazily and over all pages."""

    def __init__(self, describe: Callable[P, Call[Page[Item]]]) -> None:
        self._describe = describe
        self.__doc__ = describe.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, resource: None, owner: type) -> Callable[Concatenate[Any, P], Any]: ...
    @overload
    def __get__(self, resource: Resource, owner: type) -> Callable[P, Listing[Item]]: ...
    @overload
    def __get__(self, resource: AsyncResource, owner: type) -> Callable[P, AsyncListing[Item]]: ...
    def __get__(self, resource: Resource | AsyncResource | None, owner: type) -> Callable[..., Any]:
        if resource is None:
            return _unbound(self, self._describe, self._name, owner)
        kind: Callable[..., Any] = AsyncListing if isinstance(resource, AsyncResource) else Listing
        run = resource.client.run

        def method(*args: P.args, **kwargs: P.kwargs) -> Any:
            return kind(self._describe(*args, **kwargs), run)

        returns = rf"{getattr(kind, '__name__', '')}[\3]"
        return _dressed(method, self._describe, self._name, type(resource), returns)


_RETURNS = re.compile(r"^(Call|Wait)\[((?:Page\[)?(.*?)\]?)\]$")


def _dressed(
    method: Callable[..., Any], describe: Callable[..., Any], name: str, owner: type, returns: str
) -> Callable[..., Any]:
    """Gives a method the name, help and signature that its description promises."""
    signature = inspect.signature(describe)
    returned = _RETURNS.sub(returns, str(signature.return_annotation))
    method.__name__ = name
    method.__qualname__ = f"{owner.__qualname__}.{name}"
    method.__module__ = describe.__module__
    method.__wrapped__ = describe  # type: ignore[attr-defined]  # as functools does: annotations are read there
    method.__doc__ = describe.__doc__
    method.__annotations__ = {**describe.__annotations__, "return": returned}
    method.__signature__ = signature.replace(return_annotation=returned)  # type: ignore[attr-defined]  # as functools does
    return method


def _unbound(descriptor: Any, describe: Callable[..., Any], name: str, owner: type) -> Callable[..., Any]:
    """The function that a class shows: for help(), and to be called with a resource."""

    def function(self: Any, *args: Any, **kwargs: Any) -> Any:
        return descriptor.__get__(self, type(self))(*args, **kwargs)

    dressed = _dressed(function, describe, name, owner, r"\2")
    signature = inspect.signature(dressed)
    itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    dressed.__signature__ = signature.replace(parameters=[itself, *signature.parameters.values()])  # type: ignore[attr-defined]
    return dressed
