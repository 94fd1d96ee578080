"""API keys: made, listed, revoked."""

import logging
import time
from typing import Any

from starlette.requests import Request

from pointsman.core.errors import InvalidRequest, NotFound
from pointsman.core.ids import IdFactory
from pointsman.core.keys import ApiKey, digest_of, new_secret
from pointsman.core.ports import Control
from pointsman.store import api_keys
from pointsman.web.bodies import read_as
from pointsman.web.database import TROUBLE, database
from pointsman.web.shapes import KeyList, KeyWanted, key_shown

MAX_NAME_CHARACTERS = 200
HINT_CHARACTERS = 4

_logger = logging.getLogger("pointsman.web")
new_key_id = IdFactory("key_")


async def listing(control: Control, request: Request) -> Any:
    """All keys, without their secrets."""
    async with database(control) as pool:
        return KeyList(keys=[key_shown(key) for key in await api_keys.listing(pool)])


async def create(control: Control, request: Request) -> Any:
    """Makes a key and shows its secret, this once."""
    wanted = await read_as(request, KeyWanted)
    _check(wanted)
    secret = new_secret()
    key = ApiKey(
        id=new_key_id(),
        name=wanted.name.strip(),
        digest=digest_of(secret),
        hint=secret[-HINT_CHARACTERS:],
        agent=wanted.agent,
        allowed_agents=wanted.allowed_agents,
        allowed_models=wanted.allowed_models,
        daily_budget_usd_micros=wanted.daily_budget_usd_micros,
        created_s=int(time.time()),
    )
    async with database(control) as pool:
        await api_keys.create(pool, key)
    try:
        await control.keys_changed()
    except TROUBLE as error:  # the key is made: its secret must not be lost
        _logger.warning("Key %s is made, but not in force until the keys are read again: %s", key.id, error)
    return key_shown(key, secret)


async def revoke(control: Control, request: Request) -> Any:
    """Revokes a key for good; its requests are refused from the answer on."""
    key_id = request.path_params["key_id"]
    async with database(control) as pool:
        key = await api_keys.revoke(pool, key_id, int(time.time()))
        if key is None:
            raise NotFound(f"There is no key {key_id!r}; see /api/v1/keys.")
        await control.keys_changed()
    return key_shown(key)


def _check(wanted: KeyWanted) -> None:
    names = [wanted.name, *wanted.allowed_agents, *wanted.allowed_models]
    if wanted.agent is not None:
        names.append(wanted.agent)
    for name in names:
        if not name.strip() or len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
            raise InvalidRequest(
                f"A name must have 1 to {MAX_NAME_CHARACTERS} printable characters, not {name[:40]!r}."
            )
    if wanted.agent is not None and wanted.allowed_agents:
        raise InvalidRequest("A key has either an `agent` or `allowed_agents`: leave one of them out.")
    budget = wanted.daily_budget_usd_micros
    if budget is not None and not 0 <= budget < 2**63:
        raise InvalidRequest("`daily_budget_usd_micros` must be 0 or more.", param="daily_budget_usd_micros")
