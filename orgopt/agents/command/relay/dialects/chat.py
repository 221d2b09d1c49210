"""OpenAI's chat completions, which most programs and servers speak."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from orgopt.agents.command.relay.dialects.base import (
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
    schema_form,
    text_of,
)


class Chat:
    """OpenAI's chat completions, at `/v1/chat/completions`."""

    def read(self, path: str, body: Mapping[str, Any]) -> Asked:  # noqa: ARG002  of the protocol
        talk = Talk()
        for message in listed(body["messages"]):
            role, text = message["role"], text_of(message.get("content"))
            if role in {"system", "developer"}:
                talk.instruct(text)
            elif role == "tool":
                talk.result(str(message["tool_call_id"]), text)
            elif role == "assistant":
                called = [(one["id"], one["function"]) for one in listed(message.get("tool_calls"))]
                talk.say("assistant", text, [call_of(id_, one["name"], one.get("arguments")) for id_, one in called])
            else:
                talk.say("user", text)
        tools = [one["function"] for one in listed(body.get("tools")) if one.get("type", "function") == "function"]
        wanted, stop = body.get("tool_choice"), body.get("stop")
        named = object_of(object_of(wanted).get("function")).get("name")
        config = {
            "max_tokens": body.get("max_completion_tokens") or body.get("max_tokens"),
            "temperature": body.get("temperature"),
            "top_p": body.get("top_p"),
            "stop": (stop,) if isinstance(stop, str) else tuple[str, ...](stop or ()),
            "response_format": schema_form(body.get("response_format")),
            "tool_choice": choice(wanted, named),
        }
        return talk.asked(
            [function(one["name"], one.get("description"), one.get("parameters")) for one in tools],
            config,
            stream=bool(body.get("stream")),
            usage=bool(object_of(body.get("stream_options")).get("include_usage")),
        )

    def whole(self, reply: Reply) -> Mapping[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": reply.text or None}
        if reply.calls:
            message["tool_calls"] = self._calls(reply)
        choices = [{"index": 0, "message": message, "finish_reason": self._finish(reply), "logprobs": None}]
        return {**self._head(reply, "chat.completion"), "choices": choices, "usage": self._usage(reply)}

    def events(self, reply: Reply, asked: Asked) -> Iterator[Event]:
        head = self._head(reply, "chat.completion.chunk")
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": reply.text}]
        deltas += [{"tool_calls": [{"index": index, **call}]} for index, call in enumerate(self._calls(reply))]
        for delta in deltas:
            yield "", {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        yield "", {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": self._finish(reply)}]}
        if asked.usage:
            yield "", {**head, "choices": [], "usage": self._usage(reply)}
        yield "", "[DONE]"

    def problem(self, status: int, text: str) -> Mapping[str, Any]:
        kind = "invalid_request_error" if status < 500 else "server_error"
        return {"error": {"message": text, "type": kind, "param": None, "code": None}}

    def tokens(self, number: int) -> Mapping[str, Any]:
        return {"input_tokens": number}

    def _head(self, reply: Reply, kind: str) -> dict[str, Any]:
        return {"id": f"chatcmpl-{reply.id}", "object": kind, "created": 0, "model": MODEL}

    def _finish(self, reply: Reply) -> str:
        return "tool_calls" if reply.calls else reply.finish

    def _calls(self, reply: Reply) -> list[dict[str, Any]]:
        return [
            {"id": one.id, "type": "function", "function": {"name": one.name, "arguments": json.dumps(one.arguments)}}
            for one in reply.calls
        ]

    def _usage(self, reply: Reply) -> dict[str, int]:
        used = {"prompt_tokens": reply.input_tokens, "completion_tokens": reply.output_tokens}
        return {**used, "total_tokens": sum(used.values())}
