"""Puts the fragments of streamed tool calls together."""

from msgspec import Struct, field

from pointsman.core.stream import StreamEvent, ToolCallDelta, ToolCallStarted
from pointsman.gateway.dialects.openai_chat.wire import Called, WireCall, text_of_arguments


class _Call(Struct):
    """A call in progress: its block, its id, and the arguments that came before its name (None once it was
    announced)."""

    block: int
    id: str
    held: list[str] | None = field(default_factory=list)


class Calls:
    """The calls of one answer. A fragment says by its index which call it continues; where a provider leaves
    the index out, or gives several calls the same, their ids tell them apart.

    `announced` is true once any call has a name.
    """

    __slots__ = ("_by_id", "_by_index", "_last", "announced")

    def __init__(self) -> None:
        self._by_id: dict[str, _Call] = {}
        self._by_index: dict[int, _Call] = {}
        self._last: _Call | None = None
        self.announced = False

    def add(self, fragment: WireCall, block: int, stem: str, out: list[StreamEvent]) -> bool:
        """Adds the fragment's events to `out`. `block` is the number that a new call gets, and `stem` goes
        into the id of one without; returns whether it was a new call."""
        call = self._find(fragment)
        is_new = call is None
        if call is None:
            call = _Call(block=block, id=fragment.id or f"call_{stem}_{len(self._by_id)}")
            self._by_id[call.id] = call
        if fragment.index is not None:
            self._by_index[fragment.index] = call
        self._last = call
        self._continue(call, fragment, out)
        return is_new

    def _find(self, fragment: WireCall) -> _Call | None:
        if fragment.index is None:
            return self._by_id.get(fragment.id) if fragment.id else self._last
        known = self._by_index.get(fragment.index)
        if known is None or not fragment.id or fragment.id == known.id or not _name(fragment):
            return known
        return self._by_id.get(fragment.id)

    def _continue(self, call: _Call, fragment: WireCall, out: list[StreamEvent]) -> None:
        inner = fragment.custom or fragment.function or Called()
        if call.held is not None and inner.name:
            held, call.held = call.held, None
            self.announced = True
            custom = fragment.custom is not None or fragment.type == "custom"
            out.append(ToolCallStarted(call.block, call.id, inner.name, custom))
            out += [ToolCallDelta(call.block, text) for text in held]
        text = text_of_arguments(inner.arguments if inner.input is None else inner.input)
        if not text:
            return
        if call.held is None:
            out.append(ToolCallDelta(call.block, text))
        else:
            call.held.append(text)


def _name(fragment: WireCall) -> str | None:
    inner = fragment.function or fragment.custom
    return inner.name if inner is not None else None
