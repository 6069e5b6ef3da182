"""Pydantic's findings in our words: the one place that translates them."""

from __future__ import annotations

from pydantic import ValidationError


def told(error: ValidationError) -> list[str]:
    """Returns one sentence for each finding, without pydantic's prefixes, its addresses and the rejected input.

    Our own validators' sentences name the field themselves; before any other stands where the finding is.
    """
    findings = []
    for finding in error.errors(include_url=False, include_context=False, include_input=False):
        message = finding["msg"].removeprefix("Value error, ")
        field = ".".join(str(part) for part in finding["loc"])
        findings.append(message if finding["type"] == "value_error" or not field else f"{field}: {message}")
    return findings
