"""What it costs to see outcomes, in microseconds of CPU a request, by kind of request.

usage: python bench/outcomes.py [REPEATS]

All of it is spent after the answer is on its way. `handing over` is the only part on the request's own path.
"""

import asyncio
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.outcome_world import World, called, said

TEXT = "A sentence as long as sentences in prompts tend to be, and then some more. "
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": f"tool_{n}",
            "description": TEXT * 8,
            "parameters": {
                "type": "object",
                "properties": {f"p{i}": {"type": "string", "description": TEXT} for i in range(5)},
                "required": ["p0"],
            },
        },
    }
    for n in range(25)
]


def conversation(messages: int, characters: int, *, last_is_result: bool) -> list[dict[str, Any]]:
    """A history that ends with a tool's result, or else with a human turn."""
    history: list[dict[str, Any]] = [{"role": "user", "content": "Fix the bug"}]
    filler = (TEXT * (characters // len(TEXT) + 1))[:characters]
    for n in range(messages // 2):
        function = {"name": "tool_1", "arguments": '{"p0": "x"}'}
        call = {"id": f"call_{n}", "type": "function", "function": function}
        history.append({"role": "assistant", "content": None, "tool_calls": [call]})
        history.append({"role": "tool", "tool_call_id": f"call_{n}", "content": filler})
    if not last_is_result:
        history += [{"role": "assistant", "content": TEXT}, {"role": "user", "content": "Thanks, go on"}]
    return history


CASES: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "one question, short answer": ({"messages": [{"role": "user", "content": TEXT}]}, said(TEXT)),
    "one question, 8 kB answer": ({"messages": [{"role": "user", "content": TEXT}]}, said(TEXT * 107)),
    "25 tools, answer calls one": (
        {"messages": [{"role": "user", "content": TEXT}], "tools": TOOLS},
        called("call_x", "tool_1", p0="x"),
    ),
    "human turn, 10 messages": ({"messages": conversation(8, 400, last_is_result=False)}, said(TEXT)),
    "tool loop, 20 messages, 25 kB": (
        {"messages": conversation(20, 2000, last_is_result=True), "tools": TOOLS},
        called("call_x", "tool_1", p0="x"),
    ),
    "tool loop, 200 messages, 400 kB": (
        {"messages": conversation(200, 4000, last_is_result=True), "tools": TOOLS},
        called("call_x", "tool_1", p0="x"),
    ),
}


async def cost_us(body: dict[str, Any], parts: list[Any], repeats: int) -> tuple[float, float]:
    """Medians: handing over, and looking."""
    world = World()
    await world.turn(
        "openai_chat", {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}, said(TEXT)
    )
    last = [message["tool_call_id"] for message in body["messages"] if message["role"] == "tool"][-1:]
    handing, looking = [], []
    for number in range(repeats):
        if last:
            first = {"model": "m", "messages": [{"role": "user", "content": "Fix the bug"}], "n": number}
            await world.turn("openai_chat", first, called(last[0], "tool_1", p0=str(number)))
        call: Any = world.call("openai_chat", {"model": "m", **body, "user": str(number)}, parts)
        start = time.perf_counter()
        world.observer.ended(call)
        middle = time.perf_counter()
        world.observer._next()
        looking.append((time.perf_counter() - middle) * 1e6)
        handing.append((middle - start) * 1e6)
        await asyncio.sleep(0)
    assert world.observer.counts.faults == 0
    return statistics.median(handing), statistics.median(looking)


async def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    print(f"{'request':34} {'body':>9} {'handing over':>13} {'looking':>9}")
    for name, (body, parts) in CASES.items():
        handing, looking = await cost_us(body, parts, repeats)
        size = len(json.dumps(body))
        print(f"{name:34} {size:>7} B {handing:>10.1f} µs {looking:>6.0f} µs")


if __name__ == "__main__":
    asyncio.run(main())
