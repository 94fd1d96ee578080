"""Decides what is answered, by content alone: the same prompt always gets the same answer.

In this order: what a directive demands; a forced tool; the steps of a coding agent (`coding.py`); the
weather; structured output; pictures; otherwise it repeats what it was told, earlier turns included.
"""

import json
import re

from tests.standin import coding, tokens
from tests.standin.plan import Call, Decline, Plan, Say, call
from tests.standin.prompt import Offered, Prompt
from tests.standin.schemas import invent

_CITY = re.compile(r"\b(?:in|of|and|for)\s+([A-Z][a-z]+)")
THOUGHT = "The user wants an answer. I weigh what I know, and then I give it."


def plan_for(prompt: Prompt) -> Plan:
    """The answer, cut to what the request allows."""
    plan = _directed(prompt) or _forced(prompt) or coding.step(prompt) or _weather(prompt) or _words(prompt)
    if prompt.thinks or "think" in prompt.directives:
        plan.thinking = THOUGHT
    if plan.calls and plan.finish == "stop":
        plan.finish = "tool"
    return _limited(plan, prompt)


def say(text: str) -> Plan:
    """A plain answer."""
    return Plan([Say(tokens.pieces(text))] if text else [])


def _directed(prompt: Prompt) -> Plan | None:
    told = prompt.directives
    if "refuse" in told:
        return Plan([Decline("I cannot help with that.")], finish="refusal")
    if "filter" in told:
        return Plan([Say(["This was"])], finish="filter")
    if "empty" in told:
        return Plan()
    if "say" in told:
        return say(told["say"].value)
    if "chunks" in told:
        return Plan([Say([f"word{n} " for n in range(int(told["chunks"].value))])])
    if "badcall" in told and not prompt.results:
        return Plan([Call(told["badcall"].value, '{"city": "Par')])
    if "call" in told and not prompt.results:
        name, _, arguments = told["call"].value.partition(" ")
        if name in prompt.tools:
            return Plan([_exactly(prompt.tools[name], arguments)])
    return None


def _exactly(tool: Offered, arguments: str) -> Call:
    """The call with these arguments; free text fills every field of a tool that wants JSON."""
    if tool.custom or arguments.startswith("{"):
        return call(tool.name, arguments, tool)
    fields = (tool.schema or {}).get("properties", {})
    return call(tool.name, dict.fromkeys(fields, arguments), tool)


def _forced(prompt: Prompt) -> Plan | None:
    if prompt.forced is None:
        return None
    name = next(iter(prompt.tools)) if prompt.forced == "*" else prompt.forced
    tool = prompt.tools[name]
    hints = {"city": (_cities(prompt) or ["Paris"])[0]}
    arguments = prompt.asked if tool.custom else invent(tool.schema or {}, hints)
    return Plan([call(name, arguments, tool)])


def _cities(prompt: Prompt) -> list[str]:
    return _CITY.findall(prompt.asked)


def _weather(prompt: Prompt) -> Plan | None:
    tool = prompt.tools.get("get_weather")
    if tool is None or "weather" not in prompt.asked.lower():
        return None
    if prompt.results:
        told = "; ".join(r.text + (" (failed)" if r.is_error else "") for r in prompt.results)
        return say(f"The tool says: {told}.")
    cities = _cities(prompt) or ["Paris"]
    calls = [call("get_weather", invent(tool.schema or {}, {"city": c}), tool) for c in cities]
    return Plan([Say(["I will ", "look."]), *(calls if prompt.parallel else calls[:1])])


def _words(prompt: Prompt) -> Plan:
    if prompt.results:
        return say("The tool says: " + "; ".join(r.text for r in prompt.results) + ".")
    if prompt.schema is not None:
        value = invent(prompt.schema, {"city": (_cities(prompt) or ["Paris"])[0], "answer": prompt.asked})
        return say(json.dumps(value))
    if prompt.wants_object:
        return say(json.dumps({"answer": prompt.asked}))
    text = f"You said: {prompt.asked}"
    if prompt.pictures:
        text += " I see " + " and ".join(prompt.pictures) + "."
    if prompt.earlier:
        text += f" Turn {len(prompt.earlier) + 1}; before you said: " + " | ".join(prompt.earlier)
    return say(text)


def _limited(plan: Plan, prompt: Prompt) -> Plan:
    """Applies stop sequences, and the token limit to the text."""
    for index, part in enumerate(plan.parts):
        if not isinstance(part, Say):
            continue
        for stop in prompt.stops:
            if stop in part.text:
                kept = part.text.split(stop)[0]
                plan.parts[index:] = [Say(tokens.pieces(kept))] if kept else []
                plan.finish, plan.stop_sequence = "stop_sequence", stop
                return plan
        room = None if prompt.max_tokens is None else prompt.max_tokens - plan.reasoning_tokens
        if room is not None and len(part.chunks) > room:
            plan.parts[index:] = [Say(part.chunks[: max(room, 1)])]
            plan.finish = "length"
            return plan
    return plan
