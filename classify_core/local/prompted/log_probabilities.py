"""How probable a model found the type that it answered, by what it tells of the tokens it wrote.

What a model says of its own confidence are words; the log-probabilities of its tokens are what it computed. They are
those of the type after all that the model had written before it, its reasoning included.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import BaseModel, Field, TypeAdapter

# Providers round: what is a little above 0 is 0. NaN is refused by it as well.
_Logarithm = Annotated[float, Field(le=1e-3)]
_Byte = Annotated[int, Field(ge=0, le=255)]

_JSON: Final = json.JSONDecoder()
_MEMBER: Final = re.compile(r'[\s,]*"(?P<key>(?:[^"\\]|\\.)*)"\s*:\s*')


class _Token(BaseModel):
    """A token as OpenAI's API tells of it, and those that have taken this after it."""

    token: str
    encoded: list[_Byte] | None = Field(default=None, alias="bytes")
    logprob: _Logarithm

    @property
    def text(self) -> bytes:
        """Bytes, since a character may be cut in two."""
        return self.token.encode() if self.encoded is None else bytes(self.encoded)

    @property
    def probability(self) -> float:
        return math.exp(min(0.0, self.logprob))


class _WrittenToken(_Token):
    top_logprobs: list[_Token] | None = None

    @property
    def weights(self) -> dict[bytes, float]:
        """The probability of each token that is known to have been possible here, this one included."""
        return {token.text: token.probability for token in (*(self.top_logprobs or ()), self)}


_TOKENS: Final = TypeAdapter(list[_WrittenToken])


def type_probability(told: object, answered: str, types: Sequence[str]) -> float | None:
    """The probability that the model gave to the type it answered, among all that it may answer.

    Args:
        told: what a provider told of the tokens of an answer in JSON, in order: mappings with `token`, `logprob` and
            perhaps `bytes` and `top_logprobs`. Anything else tells nothing.
        answered: the type in the answer.
        types: all that can be answered.

    Returns:
        0.0 to 1.0: at each token of the type, the share of the tokens that go on with it in all those that go on with
        any of `types`; a probability that is of no known token counts as another type's. None where the tokens are
        not those of such an answer.
    """
    try:
        tokens = _TOKENS.validate_python(told)
        place = _TypePlace.in_answer(b"".join(token.text for token in tokens), answered)
    except ValueError:  # pydantic's, and that of bytes which are no text
        return None
    return None if place is None else math.prod(place.shares(tokens, types))


@dataclass(frozen=True, slots=True)
class _TypePlace:
    """Where the type stands in what the model wrote.

    Attributes:
        written: all of it.
        answered: the type.
        start: of the type, behind its opening quotation mark.
    """

    written: bytes
    answered: bytes
    start: int

    @classmethod
    def in_answer(cls, written: bytes, answered: str) -> _TypePlace | None:
        text = written.decode()
        value = _value_place(text, "type")
        if value is None or text[slice(*value)] != f'"{answered}"':
            return None
        return cls(written, answered.encode(), start=len(text[: value[0]].encode()) + 1)

    def shares(self, tokens: Sequence[_WrittenToken], types: Sequence[str]) -> Iterator[float]:
        """For each token from the type's beginning to its closing quotation mark, which decides too, its share."""
        others = [encoded for one in types if (encoded := one.encode()) != self.answered]
        position = 0
        for token in tokens:
            begun = position
            position += len(token.text)
            if position > self.start and begun <= self.start + len(self.answered):
                [ours] = self._rests([self.answered], begun)
                yield _share(token, ours, self._rests(others, begun))

    def _rests(self, answers: Sequence[bytes], position: int) -> list[bytes]:
        """What is still to be written at a position for each of the answers that can still be given."""
        before, done = self.written[position : self.start], self.written[self.start : position]
        return [before + answer[len(done) :] + b'"' for answer in answers if answer.startswith(done)]


def _share(token: _WrittenToken, rest: bytes, rivals: Sequence[bytes]) -> float:
    """The part of the probability, without that of tokens which go on with no type, that goes on with this one."""
    going_on, astray = 0.0, 0.0
    for text, probability in token.weights.items():
        is_ours, is_theirs = _goes_on(text, rest), any(_goes_on(text, rival) for rival in rivals)
        if text == token.text or (is_ours and not is_theirs):
            going_on += probability
        elif not is_ours and not is_theirs:
            astray += probability
    return going_on / max(1.0 - astray, going_on) if going_on > 0.0 else 0.0


def _goes_on(text: bytes, rest: bytes) -> bool:
    return rest.startswith(text) or text.startswith(rest)


def _value_place(text: str, key: str) -> tuple[int, int] | None:
    """From where to where the value of a key stands in the first JSON object of a text; the last, as JSON has it.

    Raises:
        ValueError: it is no JSON.
    """
    place = None
    position = text.find("{") + 1
    while (member := _MEMBER.match(text, position)) is not None:
        _, position = _JSON.raw_decode(text, member.end())
        if member["key"] == key:
            place = (member.end(), position)
    return place
