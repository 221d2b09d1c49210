"""What every dialect reads a question into, and writes an answer from: the types of DSPy's own client.

Needs DSPy, so that it is imported late. Text and calls of functions are understood; pictures, tools that a provider
runs by itself, and reasoning are left out.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol, cast

from dspy.lm15 import (
    Config,
    DataPart,
    FunctionTool,
    Message,
    RefusalPart,
    Request,
    Response,
    TextPart,
    ToolCallPart,
    ToolChoice,
    ToolResultPart,
)

from orgopt.errors import OrgoptError

LEFT_OUT = "[what stood here is no text, and was left out]"
MODEL = "relay"
"""The name of the model in requests: which one is asked, the workspace says."""


class RefusedCallError(OrgoptError):
    """A question that is not passed on, with the status of HTTP that says so."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Asked(NamedTuple):
    """A question: what is asked, whether the answer is to be a stream, with the tokens in it, or their number alone."""

    request: Request
    stream: bool = False
    usage: bool = True
    counts: bool = False


class Called(NamedTuple):
    """A function that the model calls."""

    id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a model answered.

    Attributes:
        id: A number that the answers of a call of the command do not share.
        text: What it said.
        calls: The functions that it calls.
        finish: `length` where it ended at the most tokens of an answer.
        input_tokens, output_tokens: What it took.
    """

    id: int = 0
    text: str = ""
    calls: tuple[Called, ...] = ()
    finish: Literal["stop", "length"] = "stop"
    input_tokens: int = 0
    output_tokens: int = 0


Event = tuple[str, Mapping[str, Any] | str]
"""An event of a stream: its name, empty for none, and its data."""


class Dialect(Protocol):
    """How a program asks over HTTP, and is answered."""

    def read(self, path: str, body: Mapping[str, Any]) -> Asked:
        """What is asked.

        Raises:
            RefusedCallError, KeyError, TypeError, ValueError, AttributeError: It is not understood.
        """
        ...

    def whole(self, reply: Reply) -> Mapping[str, Any]:
        """An answer in one piece."""
        ...

    def events(self, reply: Reply, asked: Asked) -> Iterator[Event]:
        """An answer as a stream."""
        ...

    def problem(self, status: int, text: str) -> Mapping[str, Any]:
        """What says that there is no answer."""
        ...

    def tokens(self, number: int) -> Mapping[str, Any]:
        """What says how many tokens a question has, as it is estimated."""
        ...


def kept(response: Response) -> str:
    """What a record keeps of a response."""
    texts: list[str] = []
    calls: list[list[Any]] = []
    for part in response.message.parts:
        if isinstance(part, TextPart | RefusalPart):
            texts.append(part.text)
        elif isinstance(part, DataPart):
            texts.append(json.dumps(part.value, ensure_ascii=False))
        elif isinstance(part, ToolCallPart):
            calls.append([part.id, part.name, part.input])
    return json.dumps({"text": "".join(texts), "calls": calls}, ensure_ascii=False)


def reply_of(text: str, **more: Any) -> Reply:
    """An answer from its record.

    Raises:
        ValueError: It is none, since it was too long to be kept whole.
    """
    found = json.loads(text)
    return Reply(text=found["text"], calls=tuple(Called(*call) for call in found["calls"]), **more)


@dataclass(slots=True)
class Talk:
    """A conversation that is put together; what follows in one voice is one message."""

    system: list[str] = field(default_factory=list[str])
    messages: list[Message] = field(default_factory=list[Message])

    def instruct(self, text: str) -> None:
        """Add instructions: those at the start are the system's, later ones are the user's."""
        if self.messages:
            self.say("user", text)
        elif text:
            self.system.append(text)

    def say(self, role: Literal["user", "assistant"], text: str, calls: Iterable[ToolCallPart] = ()) -> None:
        """Add what somebody said."""
        parts = (*([TextPart(text)] if text else []), *calls)
        if parts:
            self._add(Message(role=role, parts=parts))

    def result(self, call: str, text: str, *, failed: bool = False) -> None:
        """Add what came of a call of a function."""
        self._add(Message(role="tool", parts=(ToolResultPart(id=call, content=(TextPart(text),), is_error=failed),)))

    def _add(self, message: Message) -> None:
        last = self.messages[-1] if self.messages else None
        if last and last.role == message.role and message.role != "user":
            self.messages[-1] = Message(role=last.role, parts=(*last.parts, *message.parts))
        else:
            self.messages.append(message)

    def asked(self, tools: Sequence[FunctionTool], config: Mapping[str, Any], **more: bool) -> Asked:
        """The question that it ends with."""
        given = {name: value for name, value in config.items() if value is not None}
        if not tools:
            given.pop("tool_choice", None)
        request = Request(
            model=MODEL,
            system="\n\n".join(self.system) or None,
            messages=tuple(self.messages),
            tools=tuple({tool.name: tool for tool in tools}.values()),
            config=Config(**given),
        )
        return Asked(request, **more)


def text_of(content: object) -> str:
    """The text of a content, which is one, or a list of parts."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    parts: Any = [content] if isinstance(content, dict) else content
    if not isinstance(parts, list):
        raise TypeError("a content must be a text or a list")
    return "\n".join(_text(part) for part in cast("list[Any]", parts))


def _text(part: object) -> str:
    if isinstance(part, str):
        return part
    text = cast("Mapping[str, Any]", part).get("text") if isinstance(part, dict) else None
    return text if isinstance(text, str) else LEFT_OUT


def call_of(number: object, name: str, arguments: object) -> ToolCallPart:
    """A call of a function, as it is said again in a conversation."""
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments or "{}")
        except ValueError:
            arguments = {"arguments": arguments}
    given = cast("dict[str, Any]", arguments if isinstance(arguments, dict) else {"arguments": arguments})
    return ToolCallPart(id=str(number), name=name, input=given)


def function(name: str, description: object, parameters: object) -> FunctionTool:
    """A function that the model may call."""
    schema = cast("dict[str, Any]", parameters) if isinstance(parameters, dict) and parameters else None
    shape: dict[str, Any] = {"parameters": schema} if schema else {}
    return FunctionTool(name=name, description=description if isinstance(description, str) else None, **shape)


def choice(mode: object, name: object = None) -> ToolChoice | None:
    """Which function is to be called: `auto`, `none`, `required`, or one by its name."""
    if isinstance(name, str) and name:
        return ToolChoice(mode="required", allowed=(name,))
    return ToolChoice(mode=mode) if isinstance(mode, str) and mode in {"none", "required"} else None  # pyright: ignore[reportArgumentType]


def schema_form(form: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The form of an answer, `json_object` or `json_schema`."""
    if not form or form.get("type") not in {"json_object", "json_schema"}:
        return None
    if form["type"] == "json_object":
        return {"type": "json_object"}
    given = form.get("json_schema") or form
    return {"type": "json_schema", "schema": given["schema"], "name": str(given.get("name") or "answer")}


def object_of(value: object) -> dict[str, Any]:
    """An object; whatever is none is an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def listed(value: object) -> list[dict[str, Any]]:
    """The objects of a list; None is an empty one.

    Raises:
        TypeError: It is something else.
    """
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in cast("list[object]", value)):
        raise TypeError("a list of objects is needed")
    return cast("list[dict[str, Any]]", value)
