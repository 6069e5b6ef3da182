"""The calls of `client.configurations`; their docstrings are those of its methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from classify_core.api.arguments import Rules, build, checked_page_size, chosen_configuration, values
from classify_core.api.call import Call, Settled, fill, read, read_nothing
from classify_core.errors import InvalidOptionError
from classify_core.models import (
    ClassifyConfiguration,
    ConfigurationCreate,
    ConfigurationUpdate,
    Page,
    ParsingConfiguration,
    SavedConfiguration,
)

CONFIGURATIONS = "/api/v1/beta/configurations"
CONFIGURATION = "/api/v1/beta/configurations/{config_id}"
PRODUCT_TYPE = "classify_v2"


def create_configuration(
    name: str,
    *,
    rules: Rules | None = None,
    configuration: ClassifyConfiguration | None = None,
    parsing_configuration: ParsingConfiguration | None = None,
) -> Call[SavedConfiguration]:
    """Saves rules under a name, to be used by their ID; one of that name is replaced.

    Args:
        name: 1 to 255 characters.
        rules: what to look for. Give either `rules` or `configuration`.
        configuration: rules with their options.
        parsing_configuration: which pages are read, along with `rules`.

    Raises:
        InvalidRulesError: a rule breaks a limit; nothing was sent.
        InvalidOptionError: another argument cannot work; nothing was sent.
        ClassifyError: any other failure, each with its own class.
    """
    chosen = chosen_configuration(rules, configuration, parsing_configuration)
    if chosen is None:
        raise InvalidOptionError("a saved configuration needs rules= or configuration=")
    body = build(ConfigurationCreate, name=name, parameters=_parameters(chosen))
    json = body.model_dump(mode="json", exclude_none=True)
    return Call("POST", CONFIGURATIONS, CONFIGURATIONS, read(SavedConfiguration), json=json)


def _parameters(configuration: ClassifyConfiguration) -> dict[str, Any]:
    return {**configuration.model_dump(), "product_type": PRODUCT_TYPE}


def get_configuration(config_id: str) -> Call[SavedConfiguration]:
    """Returns a saved configuration.

    Raises:
        NotFoundError: there is none of that ID in the key's project.
        ClassifyError: any other failure, each with its own class.
    """
    return Call("GET", CONFIGURATION, fill(CONFIGURATION, config_id=config_id), read(SavedConfiguration))


def list_configurations(
    *,
    product_type: Sequence[str] | None = (PRODUCT_TYPE,),
    name: str | None = None,
    latest_only: bool | None = None,
    page_size: int | None = None,
    page_token: str | None = None,
) -> Call[Page[SavedConfiguration]]:
    """Lists saved configurations: iterate it for them, or its `pages()` for pages; each page is one request.

    Args:
        product_type: of which products; classify's own unless said, None for all.
        name: only those of this name.
        latest_only: only the latest version of each name.
        page_size: configurations a page; None leaves it to the service.
        page_token: begins at this page.

    Raises:
        InvalidOptionError: an argument cannot work; raised at once.
        ClassifyError: a request failed; raised while iterating.
    """
    params = {
        "product_type": values("product_type", product_type),
        "name": name,
        "latest_only": latest_only,
        "page_size": checked_page_size(page_size),
        "page_token": page_token,
    }
    return Call("GET", CONFIGURATIONS, CONFIGURATIONS, read(Page[SavedConfiguration]), params=params)


def update_configuration(
    config_id: str,
    *,
    name: str | None = None,
    rules: Rules | None = None,
    configuration: ClassifyConfiguration | None = None,
    parsing_configuration: ParsingConfiguration | None = None,
) -> Call[SavedConfiguration]:
    """Changes a saved configuration's name or contents; what is None stays as it is.

    Raises:
        InvalidRulesError: a rule breaks a limit; nothing was sent.
        InvalidOptionError: another argument cannot work; nothing was sent.
        NotFoundError: there is none of that ID in the key's project.
        ClassifyError: any other failure, each with its own class.
    """
    chosen = chosen_configuration(rules, configuration, parsing_configuration)
    if name is None and chosen is None:
        raise InvalidOptionError("there is nothing to change; give name=, rules= or configuration=")
    body = build(ConfigurationUpdate, name=name, parameters=None if chosen is None else _parameters(chosen))
    json = body.model_dump(mode="json", exclude_none=True)
    path = fill(CONFIGURATION, config_id=config_id)
    return Call("PUT", CONFIGURATION, path, read(SavedConfiguration), json=json)


def delete_configuration(config_id: str) -> Call[None]:
    """Deletes a saved configuration.

    Raises:
        NotFoundError: there is none of that ID in the key's project.
        ClassifyError: any other failure, each with its own class.
    """
    path = fill(CONFIGURATION, config_id=config_id)
    return Call("DELETE", CONFIGURATION, path, read_nothing, settled=Settled(404, None))
