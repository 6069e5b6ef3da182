"""What the clients offer, by kind of thing. Each line is one method in both faces."""

from __future__ import annotations

from classify_core.api import calls_configurations, calls_files, calls_jobs, calls_v1
from classify_core.api.endpoint import AsyncFace, AsyncResource, Face, Resource, endpoint, listing


class _JobMethods:
    create = endpoint(calls_jobs.create_job)
    get = endpoint(calls_jobs.get_job)
    list = listing(calls_jobs.list_jobs)
    cancel = endpoint(calls_jobs.cancel_job)
    delete = endpoint(calls_jobs.delete_job)
    wait = endpoint(calls_jobs.wait_for_job)


class _FileMethods:
    upload = endpoint(calls_files.upload_file)
    get = endpoint(calls_files.get_file)
    list = listing(calls_files.list_files)
    delete = endpoint(calls_files.delete_file)


class _ConfigurationMethods:
    create = endpoint(calls_configurations.create_configuration)
    get = endpoint(calls_configurations.get_configuration)
    list = listing(calls_configurations.list_configurations)
    update = endpoint(calls_configurations.update_configuration)
    delete = endpoint(calls_configurations.delete_configuration)


class _V1JobMethods:
    create = endpoint(calls_v1.create_job)
    get = endpoint(calls_v1.get_job)
    list = listing(calls_v1.list_jobs)
    results = listing(calls_v1.list_results)
    wait = endpoint(calls_v1.wait_for_job)


class Jobs(_JobMethods, Resource):
    """Jobs of the current API: one document each."""


class AsyncJobs(_JobMethods, AsyncResource):
    """Jobs of the current API: one document each."""


class Files(_FileMethods, Resource):
    """Uploaded documents."""


class AsyncFiles(_FileMethods, AsyncResource):
    """Uploaded documents."""


class Configurations(_ConfigurationMethods, Resource):
    """Rules that the service keeps."""


class AsyncConfigurations(_ConfigurationMethods, AsyncResource):
    """Rules that the service keeps."""


class V1Jobs(_V1JobMethods, Resource):
    """Jobs of the deprecated API: many documents each."""


class AsyncV1Jobs(_V1JobMethods, AsyncResource):
    """Jobs of the deprecated API: many documents each."""


class V1:
    """The deprecated API."""

    def __init__(self, client: Face) -> None:
        self.jobs = V1Jobs(client)


class AsyncV1:
    """The deprecated API."""

    def __init__(self, client: AsyncFace) -> None:
        self.jobs = AsyncV1Jobs(client)
