"""Calls of functions that a model wrote into its text, where its server did not take them for calls.

Qwen2.5-Coder and other small models write the call as JSON, bare, in a fence or between tags, and llama.cpp, Ollama and
vLLM hand that on as text: the program that asked then believes that nothing was called, and gives up. Only what names a
function that was offered, with an object for it, is a call.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

from dspy.lm15 import FunctionTool, Request

from orgopt.agents.command.relay.dialects.base import Called, Reply

_TAGGED = re.compile(r"<(tool_call|tools|function_call)>(?P<call>.*?)(?:</\1>|\Z)", re.DOTALL)
_FENCED = re.compile(r"^[ \t]*```\w*[ \t]*\n(?P<call>.*?)(?:^[ \t]*```[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_BARE = re.compile(r"\A(?P<call>\s*[\[{].*)\Z", re.DOTALL)
_GIVEN = ("arguments", "parameters", "input")  # what models call what a function is given
_MOST = 16  # calls of an answer


def with_calls(reply: Reply, request: Request) -> Reply:
    """An answer with the calls that stand in its text; as it is where there are none, or the server found some."""
    names = {tool.name for tool in request.tools if isinstance(tool, FunctionTool)}
    choice = request.config.tool_choice
    if reply.calls or not names or (choice is not None and choice.mode == "none"):
        return reply
    for form in (_TAGGED, _FENCED, _BARE):
        found: list[Called] = []
        rest: list[str] = []
        at = 0
        for match in form.finditer(reply.text):
            own = list(_calls(match["call"], names, reply.id, len(found)))
            if own:
                found += own
                rest.append(reply.text[at : match.start()])
                at = match.end()
        if found:
            return replace(reply, text="".join([*rest, reply.text[at:]]).strip(), calls=tuple(found[:_MOST]))
    return reply


def _calls(text: str, names: set[str], number: int, first: int) -> Iterator[Called]:
    """The calls of a text that is nothing but calls, one or several, in a list or on lines of their own."""
    values = list(_values(text))
    for index, value in enumerate(values, first):
        call = _call(value, names)
        if call is None:
            return
        yield Called(f"call-{number}-{index}", *call)


def _values(text: str) -> Iterator[Any]:
    """The JSON values of a text, one after the other; nothing where something else stands there."""
    decoder = json.JSONDecoder(strict=False)  # models write lines of a script as they are
    found: list[Any] = []
    rest = text.strip()
    while rest:
        try:
            value, end = decoder.raw_decode(rest)
        except (ValueError, RecursionError):
            return
        found += cast("list[Any]", value) if isinstance(value, list) else [value]
        rest = rest[end:].lstrip(" \t\r\n,;")
    yield from found


def _call(value: Any, names: set[str]) -> tuple[str, dict[str, Any]] | None:
    """The function that a value calls, and what it is given; None where it calls none that was offered."""
    told = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    inner: Any = told.get("function")
    if isinstance(inner, dict):  # as OpenAI's protocol has it
        told = cast("dict[str, Any]", inner)
    name, given = told.get("name"), next((told[key] for key in _GIVEN if key in told), None)
    if isinstance(given, str):
        try:
            given = json.loads(given, strict=False)
        except ValueError:
            return None
    if not isinstance(name, str) or name not in names or not isinstance(given, dict):
        return None
    return name, cast("dict[str, Any]", given)
