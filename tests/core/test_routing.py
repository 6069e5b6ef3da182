from __future__ import annotations

import pickle

import pytest

from classify_core import Classification, InvalidOptionError, MetadataSchema, Rule, Status, UnreadableDocumentError
from classify_core.errors import RoutingError
from classify_core.routing import DEFAULT_ROUTE, REVIEW_ROUTE, RoutePlan


def _route(plan: RoutePlan, **outcome: object) -> str:
    classification = Classification(backend="b", rules_id="r", **outcome)
    return plan.route_of(plan.verdict(plan.schema.to_metadata(classification)))


FAILED = {"status": Status.FAILED, "error": UnreadableDocumentError("x")}
WITHHELD = {"type": None, "status": Status.BELOW_THRESHOLD, "confidence": 0.3}


@pytest.mark.parametrize("has_review", [True, False])
def test_a_type_takes_its_own_route_and_every_other_the_default(*, has_review: bool) -> None:
    plan = RoutePlan(("invoice",), has_review)
    assert _route(plan, type="invoice", confidence=0.9) == "invoice"
    assert _route(plan, type="recipe", confidence=0.9) == DEFAULT_ROUTE
    assert _route(plan, type=None, confidence=0.9) == DEFAULT_ROUTE


def test_what_matches_no_rule_may_have_a_route_of_its_own() -> None:
    assert _route(RoutePlan(("uncategorized",)), type=None, confidence=0.9) == "uncategorized"


@pytest.mark.parametrize("outcome", [FAILED, WITHHELD])
def test_without_a_sure_type_review_is_taken_else_the_default(outcome: dict[str, object]) -> None:
    routes = ("invoice", "uncategorized")
    assert _route(RoutePlan(routes, has_review=True), **outcome) == REVIEW_ROUTE
    assert _route(RoutePlan(routes), **outcome) == DEFAULT_ROUTE


def test_labels_are_read_under_the_schema_of_the_plan() -> None:
    plan = RoutePlan(("invoice", "none"), schema=MetadataSchema(prefix="kind_", no_match_label="none"))
    assert _route(plan, type="invoice", confidence=0.9) == "invoice"
    assert _route(plan, type=None, confidence=0.9) == "none"


def test_a_route_that_no_document_could_take_is_refused_with_near_matches(rules: list[Rule]) -> None:
    with pytest.raises(InvalidOptionError, match=r"'invioce'; near are 'invoice'"):
        RoutePlan(("recipe", "invioce")).check(rules)
    RoutePlan(("recipe", "uncategorized")).check(rules)
    RoutePlan(("invioce",)).check(None)


def test_no_rule_can_be_named_like_the_default_or_review() -> None:
    for route in (DEFAULT_ROUTE, REVIEW_ROUTE):
        with pytest.raises(ValueError, match="type"):
            Rule(type=route, description="contains whatever a document may contain")


def test_a_routing_error_carries_its_report_through_pickling() -> None:
    error = RoutingError("not everything was routed", report={"invoice": 3})
    restored = pickle.loads(pickle.dumps(error))
    assert (str(restored), restored.report) == (str(error), {"invoice": 3})
