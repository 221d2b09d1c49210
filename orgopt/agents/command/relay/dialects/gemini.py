"""Google's generateContent, which Gemini CLI speaks; calls of functions are told by their order."""

import json
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from typing import Any, cast

from orgopt.agents.command.relay.dialects.base import (
    LEFT_OUT,
    MODEL,
    Asked,
    Event,
    Reply,
    Talk,
    call_of,
    choice,
    function,
    listed,
    object_of,
)

_MODES = {"ANY": "required", "NONE": "none"}
_STATUS = {400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}


class Gemini:
    """Google's generateContent, at `/v1beta/models/NAME:generateContent` and `:streamGenerateContent`."""

    def read(self, path: str, body: Mapping[str, Any]) -> Asked:
        talk, open_calls, number = Talk(), defaultdict[str, deque[str]](deque), 0
        body = body.get("generateContentRequest") or body
        if system := body.get("systemInstruction") or body.get("system_instruction"):
            talk.instruct(_texts(_parts(system)))
        for content in listed(body["contents"]):
            parts = _parts(content)
            for one in parts:
                if given := one.get("functionResponse"):
                    waiting = open_calls[given["name"]]
                    call = waiting.popleft() if waiting else f"call-{given['name']}"
                    talk.result(call, json.dumps(given.get("response"), ensure_ascii=False))
            calls: list[Any] = []
            for one in parts:
                if called := one.get("functionCall"):
                    number += 1
                    open_calls[called["name"]].append(f"call-{number}")
                    calls.append(call_of(f"call-{number}", called["name"], called.get("args") or {}))
            talk.say("assistant" if content.get("role") == "model" else "user", _texts(parts), calls)
        declared = [
            one
            for tool in listed(body.get("tools"))
            for one in listed(tool.get("functionDeclarations") or tool.get("function_declarations"))
        ]
        tools = [
            function(
                one["name"], one.get("description"), one.get("parametersJsonSchema") or _plain(one.get("parameters"))
            )
            for one in declared
        ]
        action = path.rpartition(":")[2]
        return talk.asked(
            tools, self._config(body), stream=action == "streamGenerateContent", counts=action == "countTokens"
        )

    def _config(self, body: Mapping[str, Any]) -> dict[str, Any]:
        wanted = object_of(body.get("generationConfig"))
        calling = object_of(object_of(body.get("toolConfig")).get("functionCallingConfig"))
        allowed: list[Any] = calling.get("allowedFunctionNames") or []
        form = wanted.get("responseJsonSchema") or _plain(wanted.get("responseSchema"))
        shaped = {"type": "json_schema", "schema": form, "name": "answer"} if form else None
        plain = {"type": "json_object"} if wanted.get("responseMimeType") == "application/json" else None
        return {
            "max_tokens": wanted.get("maxOutputTokens"),
            "temperature": wanted.get("temperature"),
            "top_p": wanted.get("topP"),
            "stop": tuple(wanted.get("stopSequences") or ()),
            "response_format": shaped or plain,
            "tool_choice": choice(_MODES.get(str(calling.get("mode"))), allowed[0] if len(allowed) == 1 else None),
        }

    def whole(self, reply: Reply) -> Mapping[str, Any]:
        parts: list[dict[str, Any]] = [{"text": reply.text}] if reply.text or not reply.calls else []
        parts += [{"functionCall": {"name": one.name, "args": one.arguments}} for one in reply.calls]
        finish = "MAX_TOKENS" if reply.finish == "length" and not reply.calls else "STOP"
        used = {"promptTokenCount": reply.input_tokens, "candidatesTokenCount": reply.output_tokens}
        return {
            "candidates": [{"index": 0, "content": {"role": "model", "parts": parts}, "finishReason": finish}],
            "usageMetadata": {**used, "totalTokenCount": sum(used.values())},
            "modelVersion": MODEL,
            "responseId": f"response-{reply.id}",
        }

    def events(self, reply: Reply, asked: Asked) -> Iterator[Event]:  # noqa: ARG002  of the protocol
        yield "", self.whole(reply)

    def problem(self, status: int, text: str) -> Mapping[str, Any]:
        return {"error": {"code": status, "message": text, "status": _STATUS.get(status, "INTERNAL")}}

    def tokens(self, number: int) -> Mapping[str, Any]:
        return {"totalTokens": number}


def _parts(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"text": content}]
    return listed(content.get("parts"))


def _texts(parts: list[dict[str, Any]]) -> str:
    """What was said in words; thoughts are left out."""
    said = [one for one in parts if not one.get("thought") and not {"functionCall", "functionResponse"} & one.keys()]
    return "\n".join(one["text"] if isinstance(one.get("text"), str) else LEFT_OUT for one in said)


def _plain(schema: Any) -> Any:
    """A schema of Google's, whose types are in capitals, as JSON's."""
    if isinstance(schema, list):
        return [_plain(one) for one in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    found = {key: _plain(value) for key, value in cast("dict[str, Any]", schema).items()}
    if isinstance(found.get("type"), str):
        found["type"] = found["type"].lower()
    return found
