"""A cascade whose cheap backend looks at all documents of a call together, and can be taught."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from classify_core.backend import Batch, BatchBackend, Lessons
from classify_core.cascade.batch import CascadeBatch
from classify_core.cascade.steps import Steps
from classify_core.errors import InvalidOptionError
from classify_core.models import ClassifyConfiguration


class BatchMethods:
    """What makes a cascade a `BatchBackend`: what is learned is the cheap backend's."""

    _steps: Steps
    _pupil: BatchBackend

    def new_batch(self, configuration: ClassifyConfiguration) -> CascadeBatch | None:
        """Makes what takes note of a call's documents; None where the cheap backend takes none."""
        cheap = self._pupil.new_batch(configuration)
        if cheap is None:
            return None
        is_taught = self._steps.policy.teaching is not None
        teach = partial(self._pupil.learn, configuration, cheap) if is_taught else None
        types = [rule.type for rule in configuration.rules]
        return CascadeBatch(cheap, teach, self._steps.policy.new_choice(), self._steps.ledger, types=types)

    async def learn(
        self,
        configuration: ClassifyConfiguration,
        batch: Batch,
        labels: Mapping[str, str | None],
        *,
        by_themselves: bool,
    ) -> Lessons:
        """Has the cheap backend keep what documents teach; none is sent for that.

        Raises:
            InvalidOptionError: the batch was made by another backend.
        """
        if not isinstance(batch, CascadeBatch):
            raise InvalidOptionError("a cascade learns from what its own new_batch() made")
        return await self._pupil.learn(configuration, batch.cheap, labels, by_themselves=by_themselves)

    def learned(self, configuration: ClassifyConfiguration) -> Mapping[str, Any] | None:
        """What the cheap backend learned for the rules' types, as plain data; None where that is nothing."""
        return self._pupil.learned(configuration)

    def restore(self, configuration: ClassifyConfiguration, learned: Mapping[str, Any]) -> None:
        """Has the cheap backend take up what was learned before.

        Raises:
            InvalidOptionError: it is damaged, or was learned for other types or by another backend.
        """
        self._pupil.restore(configuration, learned)

    def refuse_adaptation(self) -> None:
        """Says why documents could not teach each other.

        Raises:
            MissingExtraError: a library is missing.
            InvalidOptionError: there is another reason.
        """
        self._pupil.refuse_adaptation()
