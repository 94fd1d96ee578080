"""Looks at a picture well enough to tell whether it arrived whole."""

import base64
import binascii
import hashlib
import struct

from tests.standin.refusal import Refused, refuse

_MAGIC = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


def describe(data: str, declared: str | None, param: str) -> str:
    """`a 3x2 image/png, sha256 0123abcd` for base64 `data`; refuses what is no picture."""
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        refuse("The image data is not valid base64.", param=param, code="invalid_base64")
    kind = next((name for magic, name in _MAGIC.items() if raw.startswith(magic)), None)
    if kind is None or (declared is not None and declared != kind):
        refuse("Could not process image", param=param, code="invalid_image_format")
    size = "x".join(map(str, struct.unpack(">II", raw[16:24]))) + " " if kind == "image/png" else ""
    return f"a {size}{kind}, sha256 {hashlib.sha256(raw).hexdigest()[:8]}"


def describe_url(url: object, param: str) -> str:
    """The same for a data URL; a web address is only named, for nothing is fetched."""
    if isinstance(url, str) and url.startswith("data:"):
        head, _, data = url[5:].partition(",")
        return describe(data, head.removesuffix(";base64"), param)
    if isinstance(url, str) and url.startswith(("https://", "http://")):
        return f"a picture at {url}"
    raise Refused("Invalid image URL.", param=param, code="invalid_image_url")
