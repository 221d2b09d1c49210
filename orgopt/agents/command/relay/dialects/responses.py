"""OpenAI's responses, which Codex speaks; nothing is stored, so that each question has all that went before."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from orgopt.agents.command.relay.dialects.base import (
    MODEL,
    Asked,
    Event,
    RefusedCallError,
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


class Responses:
    """OpenAI's responses, at `/v1/responses`."""

    def read(self, path: str, body: Mapping[str, Any]) -> Asked:  # noqa: ARG002  of the protocol
        if body.get("previous_response_id"):
            raise RefusedCallError(400, "answers are not stored here: send the whole conversation")
        talk = Talk()
        talk.instruct(text_of(body.get("instructions")))
        given = body["input"]
        for item in [{"role": "user", "content": given}] if isinstance(given, str) else listed(given):
            self._take(talk, item)
        tools = [one for one in listed(body.get("tools")) if one.get("type", "function") == "function"]
        wanted = body.get("tool_choice")
        config = {
            "max_tokens": body.get("max_output_tokens"),
            "temperature": body.get("temperature"),
            "top_p": body.get("top_p"),
            "response_format": schema_form(object_of(object_of(body.get("text")).get("format"))),
            "tool_choice": choice(wanted, object_of(wanted).get("name")),
        }
        functions = [function(one["name"], one.get("description"), one.get("parameters")) for one in tools]
        return talk.asked(functions, config, stream=bool(body.get("stream")))

    def _take(self, talk: Talk, item: Mapping[str, Any]) -> None:
        kind = item.get("type", "message")
        if kind == "function_call":
            talk.say("assistant", "", [call_of(item["call_id"], item["name"], item.get("arguments"))])
        elif kind == "function_call_output":
            talk.result(str(item["call_id"]), text_of(item.get("output")))
        elif kind == "message":
            text = text_of(item.get("content"))
            if item["role"] in {"system", "developer"}:
                talk.instruct(text)
            else:
                talk.say("assistant" if item["role"] == "assistant" else "user", text)

    def whole(self, reply: Reply) -> Mapping[str, Any]:
        ended = "incomplete" if reply.finish == "length" else "completed"
        return self._response(reply, ended, self._items(reply))

    def events(self, reply: Reply, asked: Asked) -> Iterator[Event]:  # noqa: ARG002  of the protocol
        for number, (name, data) in enumerate(self._events(reply)):
            yield name, {"type": name, "sequence_number": number, **data}

    def _events(self, reply: Reply) -> Iterator[tuple[str, dict[str, Any]]]:
        begun = self._response(reply, "in_progress", [])
        yield "response.created", {"response": begun}
        yield "response.in_progress", {"response": begun}
        for index, item in enumerate(self._items(reply)):
            place = {"item_id": item["id"], "output_index": index}
            empty: dict[str, Any] = {"content": []} if item["type"] == "message" else {"arguments": ""}
            begins: dict[str, Any] = {"output_index": index, "item": {**item, "status": "in_progress", **empty}}
            yield "response.output_item.added", begins
            if item["type"] == "message":
                yield from self._said(item["content"][0], {**place, "content_index": 0})
            else:
                yield "response.function_call_arguments.delta", {**place, "delta": item["arguments"]}
                yield "response.function_call_arguments.done", {**place, "arguments": item["arguments"]}
            yield "response.output_item.done", {"output_index": index, "item": item}
        whole = self.whole(reply)
        yield f"response.{whole['status']}", {"response": whole}

    def _said(self, part: Mapping[str, Any], place: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        yield "response.content_part.added", {**place, "part": {**part, "text": ""}}
        yield "response.output_text.delta", {**place, "delta": part["text"], "logprobs": []}
        yield "response.output_text.done", {**place, "text": part["text"], "logprobs": []}
        yield "response.content_part.done", {**place, "part": part}

    def problem(self, status: int, text: str) -> Mapping[str, Any]:
        kind = "invalid_request_error" if status < 500 else "server_error"
        return {"error": {"message": text, "type": kind, "param": None, "code": None}}

    def tokens(self, number: int) -> Mapping[str, Any]:
        return {"input_tokens": number}

    def _items(self, reply: Reply) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        if reply.text or not reply.calls:
            part: dict[str, Any] = {"type": "output_text", "text": reply.text, "annotations": [], "logprobs": []}
            said: dict[str, Any] = {"type": "message", "role": "assistant", "status": "completed", "content": [part]}
            items.append({"id": f"msg_{reply.id}", **said})
        for index, one in enumerate(reply.calls):
            given = {"call_id": one.id, "name": one.name, "arguments": json.dumps(one.arguments)}
            items.append({"id": f"fc_{reply.id}_{index}", "type": "function_call", "status": "completed", **given})
        return items

    def _response(self, reply: Reply, status: str, items: list[dict[str, Any]]) -> dict[str, Any]:
        used = {"input_tokens": reply.input_tokens, "output_tokens": reply.output_tokens}
        details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
        usage = {**used, "total_tokens": sum(used.values()), **details}
        cut = {"reason": "max_output_tokens"} if status == "incomplete" else None
        return {
            "id": f"resp_{reply.id}",
            "object": "response",
            "created_at": 0,
            "status": status,
            "model": MODEL,
            "output": items,
            "usage": None if status == "in_progress" else usage,
            "error": None,
            "incomplete_details": cut,
            "parallel_tool_calls": True,
            "tools": [],
            "tool_choice": "auto",
            "metadata": {},
        }
