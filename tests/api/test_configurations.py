from __future__ import annotations

import pytest

from classify_core.errors import InvalidOptionError, InvalidRulesError, NotFoundError
from classify_core.models import ClassifyConfiguration, ParsingConfiguration, Rule
from tests.api.driver import Driver
from tests.service import ClassifyService


def test_a_configuration_can_be_saved_got_listed_and_deleted(
    api: Driver, service: ClassifyService, rules: list[Rule]
) -> None:
    saved = api(
        api.client.configurations.create, "mail", rules=rules, parsing_configuration=ParsingConfiguration(max_pages=2)
    )

    assert service.requests[-1].json["parameters"]["product_type"] == "classify_v2"
    assert [rule.type for rule in saved.parameters.rules] == [rule.type for rule in rules]
    assert saved.parameters.parsing_configuration.max_pages == 2
    assert api(api.client.configurations.get, saved.id).name == "mail"
    assert [c.id for c in api.listed(api.client.configurations.list())] == [saved.id]
    assert api(api.client.configurations.delete, saved.id) is None
    with pytest.raises(NotFoundError):
        api(api.client.configurations.get, saved.id)


def test_saving_under_a_name_again_replaces(api: Driver, rules: list[Rule]) -> None:
    first = api(api.client.configurations.create, "mail", rules=rules)
    second = api(api.client.configurations.create, "mail", configuration=ClassifyConfiguration(rules=tuple(rules[:1])))

    assert second.id == first.id
    assert len(second.parameters.rules) == 1


def test_what_is_not_given_is_left_as_it_is(api: Driver, service: ClassifyService, rules: list[Rule]) -> None:
    saved = api(api.client.configurations.create, "mail", rules=rules)

    renamed = api(api.client.configurations.update, saved.id, name="post")
    assert service.requests[-1].json == {"name": "post"}
    fewer = api(api.client.configurations.update, saved.id, rules=rules[:1])
    assert list(service.requests[-1].json) == ["parameters"]

    assert (renamed.name, len(renamed.parameters.rules)) == ("post", 2)
    assert (fewer.name, len(fewer.parameters.rules)) == ("post", 1)


def test_configurations_of_other_products_can_be_listed_too(api: Driver, service: ClassifyService) -> None:
    service.configurations["cfg-9"] = {
        "id": "cfg-9",
        "name": "other",
        "product_type": "parse_v2",
        "version": "1",
        "parameters": {"product_type": "parse_v2", "tier": "fast"},
    }
    assert api.listed(api.client.configurations.list()) == []
    other = api.listed(api.client.configurations.list(product_type=None))[0]
    assert other.parameters.model_extra == {"tier": "fast"}


def test_every_filter_of_a_list_is_sent(api: Driver, service: ClassifyService) -> None:
    listing = api.client.configurations.list(
        product_type=["classify_v2", "parse_v2"], name="n", latest_only=True, page_size=7, page_token="after-0"
    )
    api.listed(listing)
    assert service.requests[-1].query == {
        "product_type": ["classify_v2", "parse_v2"],
        "name": ["n"],
        "latest_only": ["true"],
        "page_size": ["7"],
        "page_token": ["after-0"],
    }


def test_arguments_that_cannot_work_are_refused_before_anything_is_sent(
    api: Driver, service: ClassifyService, rules: list[Rule]
) -> None:
    configurations = api.client.configurations
    with pytest.raises(InvalidOptionError):
        api(configurations.create, "mail")
    with pytest.raises(InvalidOptionError):
        api(configurations.create, "", rules=rules)
    with pytest.raises(InvalidOptionError):
        api(configurations.create, "mail", rules=rules, configuration=ClassifyConfiguration(rules=tuple(rules)))
    with pytest.raises(InvalidRulesError):
        api(configurations.create, "mail", rules=[])
    with pytest.raises(InvalidOptionError):
        api(configurations.update, "cfg-1")
    with pytest.raises(InvalidOptionError):
        configurations.list(page_size=0)
    with pytest.raises(InvalidOptionError, match="page_size is '5'"):
        configurations.list(page_size="5")
    assert service.requests == []
