"""`/api/v1/beta/configurations`: rule sets that are saved under a name."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query

from classify_core.server.dependencies import ProjectDependency, ServiceDependency, refusals
from classify_core.server.routes.paging import PageSize, PageToken
from classify_core.server.schemas.configurations import (
    PRODUCT,
    ConfigurationCreateRequest,
    ConfigurationQueryResponse,
    ConfigurationResponse,
    ConfigurationUpdateRequest,
    ProductType,
)
from classify_core.server.store import configurations
from classify_core.server.store.paging import page_request

_CONFIGURATIONS: Final = "/api/v1/beta/configurations"
_CONFIGURATION: Final = f"{_CONFIGURATIONS}/{{config_id}}"

router = APIRouter(tags=["Beta", "Configurations"])


@router.post(_CONFIGURATIONS, status_code=201)
async def create_configuration(
    service: ServiceDependency, project: ProjectDependency, body: ConfigurationCreateRequest
) -> ConfigurationResponse:
    """Saves a rule set under a name; one that is taken keeps its ID and gets a new version."""
    parameters = body.parameters.model_dump(mode="json")
    saved = await service.database.run(configurations.save, project.id, name=body.name, parameters=parameters)
    return ConfigurationResponse.of(saved)


@router.get(_CONFIGURATIONS)
async def list_configurations(
    service: ServiceDependency,
    project: ProjectDependency,
    *,
    product_type: Annotated[
        list[ProductType] | None, Query(description=f"Only those of these products; all here are `{PRODUCT}`.")
    ] = None,
    name: Annotated[str | None, Query(description="Only the one of exactly this name.")] = None,
    page_size: PageSize = None,
    page_token: PageToken = None,
    latest_only: Annotated[bool, Query(description="Changes nothing here: only latest versions are kept.")] = False,
) -> ConfigurationQueryResponse:
    """Lists saved rule sets, the newest first."""
    del latest_only
    page = page_request(page_size, page_token)
    if product_type is not None and PRODUCT not in product_type:
        return ConfigurationQueryResponse(items=(), total_size=0)
    found = await service.database.run(configurations.find, project.id, page, name=name)
    return ConfigurationQueryResponse(
        items=tuple(map(ConfigurationResponse.of, found.items)),
        next_page_token=found.next_page_token,
        total_size=found.total_size,
    )


@router.get(_CONFIGURATION, responses=refusals(404))
async def get_configuration(
    service: ServiceDependency, project: ProjectDependency, config_id: str
) -> ConfigurationResponse:
    """Answers a saved rule set."""
    return ConfigurationResponse.of(await service.database.run(configurations.get, project.id, config_id))


@router.put(_CONFIGURATION, responses=refusals(404, 409))
async def update_configuration(
    service: ServiceDependency, project: ProjectDependency, config_id: str, body: ConfigurationUpdateRequest
) -> ConfigurationResponse:
    """Changes the name, the rule set or both; what is left out stays."""
    parameters = None if body.parameters is None else body.parameters.model_dump(mode="json")
    changed = await service.database.run(
        configurations.change, project.id, config_id, name=body.name, parameters=parameters
    )
    return ConfigurationResponse.of(changed)


@router.delete(_CONFIGURATION, status_code=204, response_model=None, responses=refusals(404))
async def delete_configuration(service: ServiceDependency, project: ProjectDependency, config_id: str) -> None:
    """Deletes a saved rule set; jobs that were created with it are not affected."""
    await service.database.run(configurations.delete, project.id, config_id)
