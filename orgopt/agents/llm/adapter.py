"""How a program is put to a model, and how its answer is read: in sections of text, or as one JSON object.

Needs DSPy, so that it is imported late.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple, cast, get_args

import dspy
from dspy.utils.exceptions import AdapterParseError
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from orgopt.agents.thinking import reading
from orgopt.agents.thinking.script_edits import InvalidAnswerError

MAX_SAID = 6_000
"""Characters of an answer that are shown again."""


class Turn(NamedTuple):
    """An answer that was no last one: why it could not be used, or what it asked to be shown."""

    answer: str
    problem: str
    shown: str = ""

    @property
    def reply(self) -> str:
        """What is said to it."""
        if self.shown:
            return f"{self.shown}\n\nNow answer, in the same form."
        return f"That cannot be used: {self.problem}\nAnswer again, in the same form."


class Adapter(dspy.ChatAdapter):
    """DSPy's sections without its templates: small models repeat what stands in them, comments and all.

    Args:
        as_json: Whether the answer is one JSON object.
        held: Whether a schema holds the model to that, so that no question has to end with it.
        late: Fields of the answer that are explained at the end of the question, so that its beginning stays the same.
        turns: What was answered so far in this conversation.
        hold: Told of the JSON schema of each program's answer before it is asked; None where nothing holds a model to
            one. Programs of DSPy's own have others than ours.
    """

    def __init__(
        self,
        *,
        as_json: bool = False,
        held: bool = False,
        late: Collection[str] = (),
        turns: Sequence[Turn] = (),
        hold: Callable[[dict[str, Any]], object] | None = None,
    ) -> None:
        super().__init__(use_json_adapter_fallback=False)
        self.as_json, self.held, self.late, self.turns, self.hold = as_json, held, late, turns, hold

    def format(
        self, signature: type[dspy.Signature], demos: list[dict[str, Any]], inputs: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """The messages: what is static, what changes, and the conversation so far, whose tokens a server still has."""
        messages = super().format(signature, demos, inputs)
        if self.hold:
            self.hold(schema_of(signature))
        for turn in self.turns:
            messages.append({"role": "assistant", "content": turn.answer})
            messages.append({"role": "user", "content": turn.reply})
        return messages

    def format_system_message(self, signature: type[dspy.Signature]) -> str:
        """The instructions, and how to answer."""
        outputs = {name: info for name, info in signature.output_fields.items() if name not in self.late}
        told = {name: info for name, info in signature.input_fields.items() if _described(info)}
        parts = [signature.instructions, f"# What you are told\n{_listed(told)}" if told else ""]
        how = "one JSON object" if self.as_json else "sections, each under a line with its name"
        parts.append(f"# Your answer: {how}\n{_listed(outputs)}")
        return "\n\n".join(part for part in parts if part)

    def user_message_output_requirements(self, signature: type[dspy.Signature]) -> str:
        """What the end of a question asks for."""
        late = {name: info for name, info in signature.output_fields.items() if name in self.late}
        return "\n\n".join(part for part in (_listed(late), self._wanted(signature)) if part)

    def _wanted(self, signature: type[dspy.Signature]) -> str:
        if self.as_json:
            return "" if self.held else "Answer with the JSON object."
        names = [
            f"`[[ ## {name} ## ]]`{'' if info.annotation is str else _KINDS.get(name, ' (JSON)')}"
            for name, info in signature.output_fields.items()
        ]
        return f"Answer with the sections {', '.join(names)}, and end with `[[ ## completed ## ]]`."

    def parse(self, signature: type[dspy.Signature], completion: str) -> dict[str, Any]:
        """The output fields of an answer.

        Raises:
            AdapterParseError: One is missing or is not what it should be.
        """
        given = reading.fields(completion, signature.output_fields) or self._bare(signature, completion)
        found: dict[str, Any] = {}
        try:
            for name, info in signature.output_fields.items():
                if name in given:
                    found[name] = _value(name, info, given[name])
                elif info.is_required():
                    what = f"key {name}" if self.as_json else f"section [[ ## {name} ## ]]"
                    raise InvalidAnswerError(f"there is no {what}")
                else:
                    found[name] = info.get_default(call_default_factory=True)
        except InvalidAnswerError as error:
            raise AdapterParseError(
                adapter_name="Adapter",
                signature=signature,  # pyright: ignore[reportArgumentType]  DSPy's annotation is wrong
                lm_response=completion[:MAX_SAID],
                message=str(error),
            ) from error
        return found

    def _bare(self, signature: type[dspy.Signature], completion: str) -> Mapping[str, Any]:
        """A whole answer without a header as the one text that was asked for, where it was one."""
        (name, info), *others = signature.output_fields.items()
        text = completion.strip()
        takes = not others and info.annotation is str and not self.as_json
        return {name: text} if takes and text and text[0] not in "{[" else {}


def schema_of(signature: type[dspy.Signature]) -> dict[str, Any]:
    """The JSON schema of a program's answer: its fields by their types, all of them."""
    types = {name: info.annotation or str for name, info in signature.output_fields.items()}
    # All at once: what two fields share, or call alike, stands at the schema's root, where references look for it.
    found, shared = TypeAdapter[Any].json_schemas(
        [(name, "validation", TypeAdapter[Any](kind)) for name, kind in types.items()]
    )
    fields = {name: found[name, "validation"] for name in types}
    schema = {"type": "object", "properties": fields, "required": [*fields], "additionalProperties": False}
    return schema | ({"$defs": shared["$defs"]} if "$defs" in shared else {})


_KINDS = {"start_from": " (a number)"}
_LISTS = {"edits", "look"}  # texts, or lists in an answer that is one JSON object


def _value(name: str, info: FieldInfo, given: Any) -> Any:
    if _modelled(info.annotation):
        return _object(info.annotation, reading.value(name, given) if isinstance(given, str) else given)
    if not isinstance(given, str):
        return given if info.annotation is not str or name in _LISTS else _as_text(given)
    if info.annotation is str:
        return given if name == "edits" else given.strip()
    return reading.number(given) if info.annotation is int else reading.value(name, given)


def _modelled(kind: Any) -> bool:
    """Whether a type is a pydantic model, or has one in it, as outputs of programs of DSPy's own may."""
    return (isinstance(kind, type) and issubclass(kind, BaseModel)) or any(map(_modelled, get_args(kind)))


def _object(kind: Any, given: Any) -> Any:
    """What JSON values are as a type with models.

    Raises:
        InvalidAnswerError: They are not that.
    """
    try:
        return TypeAdapter[Any](kind).validate_python(given)
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidAnswerError(f"{'.'.join(map(str, first['loc'])) or 'the value'}: {first['msg']}") from None


def _as_text(given: Any) -> str:
    """A value of JSON where a text was asked for: a number that is expected, a list of reasons."""
    if given is None:
        return ""
    if isinstance(given, list):
        return "; ".join(map(_as_text, cast("list[Any]", given)))
    return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)


def _listed(fields: Mapping[str, FieldInfo]) -> str:
    return "\n".join(f"- {name}: {_described(info)}" for name, info in fields.items())


def _described(info: FieldInfo) -> str:
    extra = info.json_schema_extra
    text = str(cast("dict[str, object]", extra).get("desc", "")) if isinstance(extra, dict) else ""
    return "" if text.startswith("${") else text  # DSPy's own, where there is none
