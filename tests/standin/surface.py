"""What each wire form must offer to the server."""

from typing import Any, Protocol

from tests.standin.plan import Plan
from tests.standin.prompt import Prompt
from tests.standin.refusal import Refused


class Surface(Protocol):
    """One wire form. `frames` are a stream's events, each ready to be sent."""

    stream_type: str

    def read(self, body: dict[str, Any], headers: dict[str, str]) -> Prompt:
        """The request; raises `Refused` as the vendor would."""
        ...

    def whole(self, prompt: Prompt, plan: Plan) -> dict[str, Any]:
        """The answer in one piece."""
        ...

    def frames(self, prompt: Prompt, plan: Plan) -> list[bytes]:
        """The answer as a stream."""
        ...

    def error(self, refused: Refused, request_id: str) -> dict[str, Any]:
        """The error's body."""
        ...

    def failure(self, request_id: str) -> bytes:
        """The frame of an error in the middle of a stream."""
        ...
