"""How bodies of OpenAI's dialects are read: how a misfit becomes an error."""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Raw

from pointsman.core.errors import InvalidRequest
from pointsman.gateway.dialects.bodies import Checked, checking, parted

_TEXT: msgspec.json.Decoder[str] = msgspec.json.Decoder(str)


def misfit(error: Exception, at: str = "") -> InvalidRequest:
    """What a decoder's complaint means for the client; `at` is prefixed to the field's path."""
    inner, reason = parted(error)
    dot = "." if at and inner and not inner.startswith("[") else ""
    param = f"{at}{dot}{inner}" or None
    where = f" for `{param}`" if param else ""
    return InvalidRequest(f"Invalid type{where}: {reason}.", code="invalid_type", param=param)


checked: Final[Checked] = checking(misfit)


def missing(field: str) -> InvalidRequest:
    """That a required field is not there."""
    return InvalidRequest(f"Missing required parameter: `{field}`.", code="missing_field", param=field)


def data_url(url: str) -> tuple[str | None, str | None]:
    """Media type and base64 of a `data:` URL; (None, None) for any other.

    >>> data_url("data:image/gif;base64,R0lG"), data_url("https://x.example/a.gif")
    (('image/gif', 'R0lG'), (None, None))
    """
    if not url.startswith("data:"):
        return None, None
    head, comma, data = url[5:].partition(",")
    if not comma or not head.endswith(";base64"):
        return None, None
    return head[: -len(";base64")].partition(";")[0] or None, data


def agent_of(metadata: Mapping[str, Raw] | None) -> str | None:
    """The agent's id that a body's metadata tells, None without one. Raises `InvalidRequest` if that is no
    text."""
    raw = metadata.get("agent_id") if metadata else None
    return checked(_TEXT, raw, "metadata.agent_id") if raw is not None else None
