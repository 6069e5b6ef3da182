"""What is wrong with rules before a document is classified by them: broken limits, and rules that cannot work well.

>>> for finding in find([{"type": "invoice", "description": "An invoice."}]):
...     print(finding.severity.value, finding.code)
warning says-nothing
note no-catch-all
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from classify_core.models import Rule
from classify_core.rule_findings.alikeness import alike_rules
from classify_core.rule_findings.candidate import candidates_of
from classify_core.rule_findings.catch_alls import catch_all_rules
from classify_core.rule_findings.descriptions import empty_descriptions, equal_descriptions
from classify_core.rule_findings.finding import Check, Code, Finding, Severity
from classify_core.rule_findings.limits import broken_limits
from classify_core.rule_findings.type_names import equal_types, hard_to_filter_on

__all__ = ["Code", "Finding", "Severity", "find"]

_CHECKS: Final[tuple[Check, ...]] = (
    equal_types,
    equal_descriptions,
    alike_rules,
    empty_descriptions,
    catch_all_rules,
    hard_to_filter_on,
)


def find(rules: Iterable[Any]) -> list[Finding]:
    """Checks rules as they were written, without sending anything.

    Args:
        rules: `Rule`s or raw `{type, description}` mappings; what breaks a limit is a finding, not an exception.

    Returns:
        The findings, errors first, then by the rules they concern.
    """
    written = [rule.model_dump() if isinstance(rule, Rule) else rule for rule in rules]
    candidates = candidates_of(written)
    findings = broken_limits(written)
    for check in _CHECKS:
        findings += check(candidates)
    return sorted(findings, key=lambda finding: (finding.severity.rank, finding.numbers))
