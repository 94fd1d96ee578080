"""The refusals a vendor gives, before they are put into its shape."""

import sys
from typing import Any, Final, NoReturn

PLACEHOLDERS: Final = "--placeholders" in sys.argv
"""Takes what stands for a value in the SDKs' own samples: schemas, ids and names that are none, and new
parameters."""


class Refused(Exception):
    """A request is refused: status, message, and what the vendor's error object says besides."""

    def __init__(
        self,
        message: str,
        status: int = 400,
        *,
        param: str | None = None,
        code: str | None = None,
        kind: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.param = param
        self.code = code
        self.kind = kind
        self.headers: dict[str, str] = {}


def refuse(message: str, **details: Any) -> NoReturn:
    """Raises `Refused`."""
    raise Refused(message, **details)


def need(condition: object, message: str, param: str | None = None, code: str | None = None) -> None:
    """Refuses with 400 unless `condition` holds."""
    if not condition:
        raise Refused(message, param=param, code=code)


def need_real(condition: object, message: str, param: str | None = None, code: str | None = None) -> None:
    """The same, for what only a placeholder does not fulfil."""
    need(condition or PLACEHOLDERS, message, param, code)
