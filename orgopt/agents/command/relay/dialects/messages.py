"""Anthropic's messages, which Claude Code speaks."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

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
    text_of,
)

_MODES = {"any": "required", "none": "none"}


class Messages:
    """Anthropic's messages, at `/v1/messages`."""

    def read(self, path: str, body: Mapping[str, Any]) -> Asked:
        talk = Talk()
        talk.instruct(text_of(body.get("system")))
        for message in listed(body["messages"]):
            self._take(talk, message)
        tools = [one for one in listed(body.get("tools")) if one.get("type", "custom") == "custom"]
        wanted = object_of(body.get("tool_choice"))
        config = {
            "max_tokens": body.get("max_tokens"),
            "temperature": body.get("temperature"),
            "top_p": body.get("top_p"),
            "stop": tuple(body.get("stop_sequences") or ()),
            "tool_choice": choice(_MODES.get(str(wanted.get("type"))), wanted.get("name")),
        }
        functions = [function(one["name"], one.get("description"), one.get("input_schema")) for one in tools]
        counts = path.endswith("/count_tokens")
        return talk.asked(functions, config, stream=bool(body.get("stream")), counts=counts)

    def _take(self, talk: Talk, message: Mapping[str, Any]) -> None:
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else listed(content)
        for block in blocks:
            kind = block.get("type")
            if kind == "tool_result":
                text = text_of(block.get("content"))
                talk.result(str(block["tool_use_id"]), text, failed=bool(block.get("is_error")))
        role = "assistant" if message["role"] == "assistant" else "user"
        calls = [call_of(one["id"], one["name"], one.get("input")) for one in blocks if one.get("type") == "tool_use"]
        texts = [
            text_of(one) if one.get("type") == "text" else LEFT_OUT
            for one in blocks
            if one.get("type") not in {"tool_use", "tool_result", "thinking", "redacted_thinking"}
        ]
        if message["role"] == "system":
            talk.instruct("\n".join(texts))
        else:
            talk.say(role, "\n".join(texts), calls)

    def whole(self, reply: Reply) -> Mapping[str, Any]:
        content: list[dict[str, Any]] = [{"type": "text", "text": reply.text}] if reply.text else []
        content += [{"type": "tool_use", "id": one.id, "name": one.name, "input": one.arguments} for one in reply.calls]
        return {**self._head(reply), "content": content, "stop_reason": self._stop(reply), "usage": self._usage(reply)}

    def events(self, reply: Reply, asked: Asked) -> Iterator[Event]:  # noqa: ARG002  of the protocol
        begun: dict[str, Any] = {
            **self._head(reply),
            "content": [],
            "stop_reason": None,
            "usage": {**self._usage(reply), "output_tokens": 0},
        }
        yield "message_start", {"type": "message_start", "message": begun}
        for index, block in enumerate(self.whole(reply)["content"]):
            place: dict[str, Any] = {"index": index}
            if block["type"] == "text":
                start: dict[str, Any] = {**block, "text": ""}
                delta = {"type": "text_delta", "text": block["text"]}
            else:
                start = {**block, "input": {}}
                delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
            yield "content_block_start", {"type": "content_block_start", **place, "content_block": start}
            yield "content_block_delta", {"type": "content_block_delta", **place, "delta": delta}
            yield "content_block_stop", {"type": "content_block_stop", **place}
        ended = {"stop_reason": self._stop(reply), "stop_sequence": None}
        yield "message_delta", {"type": "message_delta", "delta": ended, "usage": self._usage(reply)}
        yield "message_stop", {"type": "message_stop"}

    def problem(self, status: int, text: str) -> Mapping[str, Any]:
        kind = "rate_limit_error" if status == 429 else "invalid_request_error" if status < 500 else "api_error"
        return {"type": "error", "error": {"type": kind, "message": text}}

    def tokens(self, number: int) -> Mapping[str, Any]:
        return {"input_tokens": number}

    def _head(self, reply: Reply) -> dict[str, Any]:
        return {"id": f"msg_{reply.id}", "type": "message", "role": "assistant", "model": MODEL, "stop_sequence": None}

    def _stop(self, reply: Reply) -> str:
        return "tool_use" if reply.calls else "max_tokens" if reply.finish == "length" else "end_turn"

    def _usage(self, reply: Reply) -> dict[str, int]:
        cached = {"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
        return {"input_tokens": reply.input_tokens, "output_tokens": reply.output_tokens, **cached}
