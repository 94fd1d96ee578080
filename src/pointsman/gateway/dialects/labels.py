"""What a body's metadata says of the task."""

from collections.abc import Mapping

import msgspec
from msgspec import Raw

from pointsman.core.chat import LABELS

_TEXT: msgspec.json.Decoder[str] = msgspec.json.Decoder(str)


def labels_of(metadata: Mapping[str, Raw] | None) -> dict[str, str] | None:
    """The LABELS among `metadata`. Values that are no text are somebody else's.

    >>> labels_of({"domain": Raw(b'"code"'), "priority": Raw(b"1"), "other": Raw(b'"x"')})
    {'domain': 'code'}
    """
    if not metadata:
        return None
    found: dict[str, str] = {}
    for name in LABELS:
        raw = metadata.get(name)
        if raw is not None and bytes(raw).startswith(b'"'):
            try:
                found[name] = _TEXT.decode(raw)
            except msgspec.DecodeError:
                continue
    return found or None
