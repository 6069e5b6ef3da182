"""Documents of four types, written by templates and drawn by lot; some hardly say what they are."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

from classify_core import Rule

RULES: Final = [
    Rule(type="choir_rehearsal", description="A plan for the rehearsal of a choir: the pieces to sing, and when."),
    Rule(type="greenhouse_log", description="The log of a greenhouse: what the gardener saw and did on a day."),
    Rule(type="ski_report", description="A snow report of a ski area with the state of its slopes and lifts."),
    Rule(type="violin_repair", description="A luthier's record of the repair of a violin in the workshop."),
]
TYPES: Final = [rule.type for rule in RULES]

_OPENINGS = {
    "choir_rehearsal": (
        "Choir rehearsal on {day}",
        "Plan for the rehearsal of the choir, {day}",
        "Pieces to sing, {day}",
    ),
    "greenhouse_log": ("Greenhouse log, {day}", "Log of the gardener in greenhouse {number}", "Greenhouse, {day}: log"),
    "ski_report": ("Snow report, {day}", "Ski area today: slopes and lifts", "State of the slopes and lifts on {day}"),
    "violin_repair": (
        "Violin repair {number}",
        "Repair of a violin, workshop record",
        "Luthier's record, violin {number}",
    ),
}
# One word of a rule in passing: too little to tell a type by.
_HINTS = {
    "choir_rehearsal": ("Greetings to the choir.", "The choir meets again on {day}."),
    "greenhouse_log": ("Back in the greenhouse on {day}.", "Key of the greenhouse as always."),
    "ski_report": ("More on the slopes on {day}.", "See you on the slopes."),
    "violin_repair": ("The workshop is closed on {day}.", "Back in the workshop on {day}."),
}
_SENTENCES = {
    "choir_rehearsal": (
        "Sopranos begin with the {number}th bar of the Kyrie.",
        "Tenors and basses meet {number} minutes earlier for the fugue.",
        "Altos take care of the entry after the fermata.",
        "Warm-up with scales on open vowels for {number} minutes.",
        "The Gloria goes slower than last {day}, mind the conductor's beat.",
        "We hum the motet once before we add the Latin words.",
        "Scores are on the piano; bring a pencil for the breath marks.",
        "After the break the madrigal, by heart if possible.",
    ),
    "greenhouse_log": (
        "Tomato seedlings pricked out, {number} trays.",
        "Aphids on the peppers, ladybirds set free.",
        "Vents open from noon, {number} degrees under the glass.",
        "Watered the cucumbers, the soil was dry below.",
        "Sowed basil and coriander in peat-free compost.",
        "Mildew on {number} leaves, cut off and burnt.",
        "The drip hose leaks near the aubergines.",
        "Potted on the geraniums and pinched out the tips.",
    ),
    "ski_report": (
        "{number} cm of powder fell overnight above the tree line.",
        "The black run down the gully stays closed, avalanche danger {number}.",
        "Gondola runs from nine, the drag on the ridge from ten.",
        "Groomed pistes are firm in the morning, soft after {day}.",
        "Wind on the summit at {number} km/h, chairs may stop.",
        "Cross-country tracks are prepared as far as the hut.",
        "Off piste the crust does not carry.",
        "Snow cannons ran for {number} hours on the nursery hill.",
    ),
    "violin_repair": (
        "Crack in the spruce top glued and cleated, {number} cleats.",
        "New bridge cut, height {number} mm at the fingerboard's end.",
        "Soundpost reset, the tone is open again on the lower strings.",
        "Pegs reamed and bushed, they hold the tuning now.",
        "Varnish touched up on the lower bout.",
        "Bow rehaired, {number} g, the frog is loose.",
        "Purfling replaced at the corner, hide glue.",
        "Fingerboard planed, the nut lowered by a hair.",
    ),
}
_OF_NO_TYPE = (
    "Whoever finds the grey cat, call {number}.",
    "Parking tokens are sold at the kiosk until {day}.",
    "The parcel waits at counter {number}.",
    "Passwords expire on {day}, choose longer ones.",
    "The mayor opens the bridge on {day}.",
    "Bus {number} stops at the corner again.",
    "Lost: one umbrella, blue, with a wooden handle.",
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def clear(kind: str, number: int) -> str:
    """A document that begins with the words of its rule; the number tells it from others of its kind."""
    return _document(kind, number, [_OPENINGS[kind]], [])


def hinting(kind: str, number: int) -> str:
    """A document that has one word of its rule in passing."""
    return _document(kind, number, [], [_HINTS[kind]])


def misleading(kind: str, number: int) -> str:
    """The same with a word of another rule as well."""
    return _document(kind, number, [], [_HINTS[TYPES[TYPES.index(kind) - 1]], _HINTS[kind]])


def of_no_type(number: int) -> str:
    """A document that no rule fits."""
    return _document(None, number, [], [])


def written(kind: str, number: int) -> str:
    """A document as they come: one in six hints only at what it is."""
    return hinting(kind, number) if number % 6 == 5 else clear(kind, number)


def mixed(each: int) -> list[tuple[str, str]]:
    """Documents in which each type comes so often, with their types."""
    return [(written(kind, number), kind) for number in range(each) for kind in TYPES]


def _document(kind: str | None, number: int, before: Sequence[Sequence[str]], after: Sequence[Sequence[str]]) -> str:
    lot = random.Random(f"{kind} {number} {before} {after}")
    body = lot.sample(_OF_NO_TYPE if kind is None else _SENTENCES[kind], 5)
    lines = [*(lot.choice(each) for each in before), *body, *(lot.choice(each) for each in after), f"No. {number}."]
    return "\n".join(_filled(line, lot) for line in lines)


def _filled(line: str, lot: random.Random) -> str:
    return line.replace("{number}", str(lot.randint(3, 80))).replace("{day}", lot.choice(_DAYS))
