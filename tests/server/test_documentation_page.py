from __future__ import annotations

import re

import httpx
import pytest

from classify_core.testing.server import ClassifyServer


def test_the_page_loads_everything_from_the_server_itself_and_needs_no_key(classify_server: ClassifyServer) -> None:
    page = httpx.get(f"{classify_server.base_url}/docs")
    assert page.headers["content-type"].startswith("text/html")
    loaded = re.findall(r"""(?:src|href)="([^"]+)"|url: '([^']+)'""", page.text)
    addresses = [one or other for one, other in loaded]
    assert len(addresses) == 4  # the script, the style, the icon and the document
    for address in addresses:
        assert address.startswith("/")
        assert httpx.get(classify_server.base_url + address).status_code == 200
    assert "://" not in page.text


@pytest.mark.parametrize("name", ["", "__init__.py", "x", "..%2fmain.py"])
def test_what_is_none_of_the_pages_files_needs_a_key(classify_server: ClassifyServer, name: str) -> None:
    assert httpx.get(f"{classify_server.base_url}/docs/assets/{name}").status_code == 401


def test_there_is_no_way_out_of_the_pages_folder(classify_server: ClassifyServer) -> None:
    authorized = {"Authorization": f"Bearer {classify_server.api_key}"}
    address = f"{classify_server.base_url}/docs/assets/..%2fmain.py"
    assert httpx.get(address, headers=authorized).status_code == 404
