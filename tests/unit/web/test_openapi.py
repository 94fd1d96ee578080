"""The API's description says what the API does."""

import json
import re

import msgspec
from starlette.routing import Mount, Route
from tests.plain_control import BEARER, TOKEN, PlainControl, client_of

from pointsman.web.app import control_app
from pointsman.web.surface import OPERATIONS, description


def routes_of(app):
    found = set()
    for route in app.routes:
        inner = [(route.path, one) for one in route.routes] if isinstance(route, Mount) else [("", route)]
        for prefix, one in inner:
            assert isinstance(one, Route)
            found |= {(prefix + one.path, method.lower()) for method in one.methods - {"HEAD"}}
    return found


def test_it_has_all_routes_and_no_others():
    app = control_app(PlainControl(), admin_token=TOKEN, loopback_only=True)
    described = {(path, method) for path, methods in description()["paths"].items() for method in methods}
    assert described == routes_of(app)


def test_names_of_operations_are_unique():
    assert len({one.name for one in OPERATIONS}) == len(OPERATIONS)


def test_every_reference_leads_somewhere():
    schemas = description()["components"]["schemas"]
    references = set(re.findall(r"#/components/schemas/(\w+)", str(description())))
    assert references
    assert references <= set(schemas)


def test_every_value_in_a_path_is_described():
    for path, methods in description()["paths"].items():
        for told in methods.values():
            in_path = {one["name"] for one in told["parameters"] if one["in"] == "path"}
            assert in_path == set(re.findall(r"{(\w+)}", path))


def test_only_probes_are_open_and_only_reading_may_do_without_the_token():
    for path, methods in description()["paths"].items():
        for method, told in methods.items():
            security = told.get("security", description()["security"])
            by_agents = "feedback" in path or "/tasks" in path or path == "/api/v1/recommend"
            if by_agents:
                assert {"api_key": []} in security, path
            elif method != "get":
                assert security == [{"admin_token": []}], path
            assert (security == []) == (not path.startswith("/api/") and not by_agents)


async def test_it_is_served():
    async with client_of(PlainControl()) as client:
        answer = await client.get("/api/v1/openapi.json", headers=BEARER)
    assert answer.json() == json.loads(msgspec.json.encode(description()))
