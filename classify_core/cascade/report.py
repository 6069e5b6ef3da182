"""What a cascade came to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CascadeReport:
    """What a cascade came to so far, all of its calls together; an equal document counts once.

    Attributes:
        documents: those that were answered by the cheap backend, or sent to the dear one.
        sent: those that were sent to the dear backend, whatever came of it.
        credits_spent: what the dear backend's jobs cost: as the service told, else by the published price.
        credits_saved: the published price of the documents that were not sent; one whose pages cannot be counted here
            stands for one page. 0.0 where the dear backend makes no jobs.
        held_out: teaching: how many documents were sent only to compare the two backends.
        agreement: teaching: the share of these, 0.0 to 1.0, to which the taught backend gave the dear one's answer,
            that no rule fits included; an estimate for the documents that were not sent. None where there are none.
        agreement_interval: teaching: where that share lies with 95 % confidence, low and high (Wilson's interval).
    """

    documents: int = 0
    sent: int = 0
    credits_spent: float = 0.0
    credits_saved: float = 0.0
    held_out: int = 0
    agreement: float | None = None
    agreement_interval: tuple[float, float] | None = None

    @property
    def share_sent(self) -> float:
        """The share of the documents that were sent, 0.0 to 1.0; 0.0 where there are none."""
        return self.sent / self.documents if self.documents else 0.0
