"""Documents that teach each other: most say by the words of the rules what they are, some hardly so.

They are of kinds that no built-in knowledge describes.
"""

from __future__ import annotations

import random

from classify_core import Rule

RULES = [
    Rule(type="hive_inspection", description="Notes of a beekeeper on the inspection of a hive in the apiary."),
    Rule(type="kiln_firing", description="The log of a kiln firing in the pottery studio."),
    Rule(type="tide_reading", description="A tide reading of the harbour gauge."),
]

_OPENINGS = {
    "hive_inspection": "Hive inspection in the apiary, hive {number}, by the beekeeper.",
    "kiln_firing": "Kiln firing log of the pottery studio, firing {number} of the kiln.",
    "tide_reading": "Tide reading {number} of the harbour gauge, tide as read.",
}
_HINTS = {
    "hive_inspection": "Back in the apiary on Sunday.",
    "kiln_firing": "Back in the studio on Sunday.",
    "tide_reading": "Back at the harbour on Sunday.",
}
_SENTENCES = {
    "hive_inspection": (
        "Queen seen on frame {number}.",
        "Capped brood in all stages over five frames.",
        "Mites counted on the bottom board: {number}.",
        "Nectar in the upper super, two frames of pollen.",
        "Sugar syrup added to the feeder.",
        "Swarm cells cut out, the colony is calm.",
        "Bees bring in pollen from willow and dandelion.",
    ),
    "kiln_firing": (
        "Cone {number} fell at 1180 degrees.",
        "Glaze ran on two bowls of the lower shelf.",
        "Bisque ware stacked on the shelves, props between.",
        "Ramp of 100 degrees an hour, then held for soaking.",
        "Stoneware mugs came out with pinholes in the glaze.",
        "Cooled overnight, the lid opened below 120 degrees.",
        "Celadon and tenmoku on test tiles, cone {number}.",
    ),
    "tide_reading": (
        "High water at 04:{number}, 3.{number} metres above datum.",
        "Low water at 10:{number}, slack for ten minutes.",
        "Spring range, onshore swell and falling barometer.",
        "Ebb stream sets west along the breakwater.",
        "Flood stream two knots off the pier head.",
        "Surge of a hand above the predicted height.",
        "Neap range, datum checked against the bench mark.",
    ),
}


def document(kind: str, number: int, *, says_so: bool) -> str:
    """One document of a kind.

    Args:
        kind: its type.
        number: tells it from others of its kind.
        says_so: whether it begins with the words of its rule; else it holds one of them.
    """
    chosen = random.Random(f"{kind} {number} {says_so}").sample(_SENTENCES[kind], 5)
    lines = [_OPENINGS[kind], *chosen] if says_so else [*chosen, _HINTS[kind]]
    return "\n".join(lines).replace("{number}", str(10 + number))


def teaching_documents(*, each: int = 14, silent: int = 2) -> tuple[list[str], list[str]]:
    """Documents in which each type comes so often, and their types.

    Args:
        each: documents of each type.
        silent: how many of these do not say what they are, the last ones of each type.
    """
    made = [
        (document(rule.type, number, says_so=number < each - silent), rule.type)
        for number in range(each)
        for rule in RULES
    ]
    return [text for text, _ in made], [kind for _, kind in made]


def silent_places(*, each: int = 14, silent: int = 2) -> list[int]:
    """The places of the documents that do not say what they are."""
    return list(range((each - silent) * len(RULES), each * len(RULES)))
