"""How a program is put to a model, and how its answer is read: in sections of text, or as JSON that a schema holds.

Needs DSPy, so that it is imported late.
"""

from collections.abc import Mapping
from typing import Any, cast

import dspy
from dspy.utils.exceptions import AdapterParseError
from pydantic.fields import FieldInfo

from orgopt.agents.thinking import reading
from orgopt.agents.thinking.edits import InvalidAnswerError

MAX_SAID = 6_000
"""Characters of an answer that are shown again."""


class Adapter(dspy.ChatAdapter):
    """DSPy's sections without its templates: small models repeat what stands in them, comments and all.

    Args:
        as_json: Whether the answer is one JSON object, which a schema holds.
    """

    def __init__(self, *, as_json: bool = False) -> None:
        super().__init__(use_json_adapter_fallback=False)
        self.as_json = as_json

    def format_field_description(self, signature: type[dspy.Signature]) -> str:
        """What the fields of a question and of its answer are for."""
        inputs, outputs = _listed(signature.input_fields), _listed(signature.output_fields)
        return f"Your input fields are:\n{inputs}\nYour output fields are:\n{outputs}"

    def format_field_structure(self, signature: type[dspy.Signature]) -> str:  # noqa: ARG002  as of DSPy's
        """How an answer is laid out."""
        if self.as_json:
            return "You answer with one JSON object whose keys are the output fields, and with nothing else."
        return "Each field stands under a line with its name between `[[ ##` and `## ]]`, in questions and in answers."

    def user_message_output_requirements(self, signature: type[dspy.Signature]) -> str:
        """What the end of a question asks for."""
        if self.as_json:
            return f"Answer with the JSON object: {', '.join(signature.output_fields)}."
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
        given = reading.fields(completion, signature.output_fields)
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


_KINDS = {"start_from": " (a number)"}


def _value(name: str, info: FieldInfo, given: Any) -> Any:
    if not isinstance(given, str):
        return given
    if info.annotation is str:
        return given if name == "edits" else given.strip()
    return reading.number(given) if info.annotation is int else reading.value(name, given)


def _listed(fields: Mapping[str, FieldInfo]) -> str:
    return "\n".join(f"- `{name}`: {_described(info)}" for name, info in fields.items())


def _described(info: FieldInfo) -> str:
    extra = info.json_schema_extra
    return str(cast("dict[str, object]", extra).get("desc", "")) if isinstance(extra, dict) else ""
