"""The keys of `orgopt.toml` about language models, `[models]` and `[prices]`: attempts, time-outs, prices, variables.

Secrets are in the environment alone: the file names the variable that has one.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Any, NamedTuple, cast

from orgopt.agent_names import DEFAULT_MODEL
from orgopt.agents.command.toml_agents import CommandSettings, read_commands
from orgopt.basics.addresses import without_passwords
from orgopt.errors import UsageError
from orgopt.forms import number, shown
from orgopt.org import Role

_MOST = 1_000_000_000
_SECRET_WORDS = ("api_key", "apikey", "token", "secret", "password")

THINK = ("auto", "nominal", "wall")
"""By what agents are charged for the answers of a model."""


class Price(NamedTuple):
    """Dollars per million tokens, in and out."""

    input_usd: float
    output_usd: float

    def of(self, input_tokens: int, output_tokens: int) -> float:
        """What some tokens cost, in dollars."""
        return (self.input_usd * input_tokens + self.output_usd * output_tokens) / 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """How a language model is reached.

    Attributes:
        name: Its LiteLLM name; where documents call it otherwise, another than they say.
        api_base: Address of an OpenAI-compatible server; empty is the provider's own.
        key: The environment variable with the key for `api_base`; empty sends none there.
        timeout_s: Seconds without a byte after which an attempt is given up.
        max_tokens: The most tokens of an answer.
        attempts: How often a call is tried that fails by a fault of the network or the provider.
        backoff_s: The first pause between attempts, doubled each time, where the provider names none.
        patience_s: The most seconds of pauses in one call; a provider that asks for more is given up.
        engine: DSPy's engine: `auto`, `lm15` or `litellm`.
        schema: Whether its answers are held to a JSON schema; None is found out when a run or a study begins.
        ranges: Whether its server holds numbers to the ranges in a schema; where it does not, a schema names values
            of a range one by one. None is found out, too.
        stream: Whether its answers are taken as they come; None is found out with the first question.
        looks: How often an agent may look at experiments within a thought before it answers; 0 for never.
        think: What agents are charged for an answer: `wall`, the seconds that it took; `nominal`, those that its tokens
            take at the speeds below, whatever else the machine does; `auto`, nominal in replay and else wall.
        latency: Nominal seconds of an answer before its first token.
        prefill: Nominal tokens of a question a second.
        output: Nominal tokens of an answer a second.
    """

    name: str
    api_base: str = ""
    key: str = ""
    timeout_s: float = 120.0
    max_tokens: int = 8192
    attempts: int = 6
    backoff_s: float = 1.0
    patience_s: float = 180.0
    engine: str = "auto"
    schema: bool | None = None
    ranges: bool | None = None
    stream: bool | None = None
    looks: int = 0
    think: str = "auto"
    latency: float = 0.5
    prefill: float = 2_000.0
    output: float = 60.0

    def nominal(self, *, virtual: bool) -> bool:
        """Whether agents are charged nominal seconds, in a lab whose clock jumps or in another."""
        return self.think == "nominal" or (self.think == "auto" and virtual)

    def nominal_s(self, input_tokens: int, output_tokens: int, *, answers: int = 1) -> float:
        """The nominal seconds of an answer, or of several with the tokens of all."""
        return answers * self.latency + input_tokens / self.prefill + output_tokens / self.output

    @property
    def where(self) -> str:
        """Its name and its address, as messages say it."""
        return self.name + (f" at {without_passwords(self.api_base)}" if self.api_base else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageSettings:
    """Everything that language agents need, besides secrets.

    Attributes:
        commands: The commands that roles may run, by the name that documents use.
        default: The model of roles that name none; empty for none.
        rewriter: The model that rewrites the documents of a study; empty is the default.
        models: How models are reached, by the name that documents use.
        prices: Prices that are given, by name or pattern (`ollama/*`).
        max_usd, max_tokens: What may be spent in all; None is no limit.
    """

    default: str = ""
    rewriter: str = ""
    models: Mapping[str, ModelSettings] = field(default_factory=dict[str, ModelSettings])
    prices: Mapping[str, Price] = field(default_factory=dict[str, Price])
    max_usd: float | None = None
    max_tokens: int | None = None
    commands: Mapping[str, CommandSettings] = field(default_factory=dict[str, CommandSettings])

    def command(self, role: Role) -> CommandSettings:
        """The command that a role runs.

        Raises:
            UsageError: It is not declared, or its costs cannot be limited.
        """
        found = self.commands.get(role.command)
        if found is None:
            raise UsageError(
                f"{role.name} runs the command '{role.command}', which is not declared: put into orgopt.toml\n"
                f'  [agents.{role.command}]\n  command = ["my-cli", "{{prompt_file}}"]'
            )
        if found.usd_per_call is None and not found.relay and self.max_usd is not None:
            raise UsageError(
                f"what '{role.command}' costs cannot be limited to ${self.max_usd:g}: put usd_per_call into "
                f"[agents.{role.command}] of orgopt.toml, the most dollars of a call (0 where it costs nothing), or "
                "relay = true"
            )
        return found

    def relays(self, role: Role) -> bool:
        """Whether orgopt asks a model for the command of a role."""
        return role.command in self.commands and self.commands[role.command].relay

    def model(self, name: str) -> ModelSettings:
        """How the model of a name in a document, or the default one, is reached.

        Raises:
            UsageError: None is named.
        """
        name = name or self.default
        if not name:
            raise UsageError(
                "a role that asks a language model needs one, and none is named: write '- **Model:** openai/gpt-5' in "
                f'the document, set {DEFAULT_MODEL}, or put [models] default = "…" into orgopt.toml'
            )
        return self.models.get(name) or ModelSettings(name=name)

    def price(self, name: str) -> Price | None:
        """The price that is given for a model: of its name before that of a pattern."""
        if name in self.prices:
            return self.prices[name]
        return next((price for pattern, price in self.prices.items() if fnmatchcase(name, pattern)), None)


def read_settings(tables: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> LanguageSettings:
    """The settings of the tables `models`, `prices` and `agents`.

    Raises:
        UsageError: A table is not understood, or has a secret.
    """
    models = _table(tables, "models")
    default = environ.get(DEFAULT_MODEL, "") or _text(models.get("default", ""), "[models] default")
    words = {name for name in ("default", "rewriter") if name == "default" or isinstance(models.get(name), str)}
    rewriter = models["rewriter"] if "rewriter" in words else ""
    named = {name: _model(name, value) for name, value in models.items() if name not in words}
    prices = {name: _price(name, value) for name, value in _table(tables, "prices").items()}
    commands = read_commands(_table(tables, "agents"))
    return LanguageSettings(default=default, rewriter=rewriter, models=named, prices=prices, commands=commands)


def _model(name: str, given: Any) -> ModelSettings:
    where = f'[models."{name}"]'
    if not isinstance(given, dict):
        raise UsageError(f'orgopt.toml: {where} must be a table, such as api_base = "http://127.0.0.1:8000/v1"')
    values = _checked(where, cast("dict[str, Any]", given), ModelSettings)
    values.setdefault("name", name)
    if values.get("think", "auto") not in THINK:
        raise UsageError(f"orgopt.toml: {where} think = {shown(values['think'])}: it must be {' or '.join(THINK)}")
    return ModelSettings(**values)


def _checked(where: str, given: Mapping[str, Any], kind: type[ModelSettings]) -> dict[str, Any]:
    known = {one.name: one for one in fields(kind)}
    found: dict[str, Any] = {}
    for key, value in given.items():
        if any(word in key.lower() for word in _SECRET_WORDS) and key not in known:
            raise UsageError(f"orgopt.toml: {where} has '{key}': secrets belong into the environment")
        if key not in known:
            raise UsageError(f"orgopt.toml: {where} has no option '{key}': {', '.join(known)}")
        found[key] = _value(f"{where} {key}", value, known[key].type)
    return found


def _value(where: str, value: Any, kind: Any) -> Any:
    if kind is str:
        return _text(value, where)
    if kind == bool | None:
        if not isinstance(value, bool):
            raise UsageError(f"orgopt.toml: {where} = {shown(value)}: it must be true or false")
        return value
    asked = number(0, _MOST, above=True, whole=kind is int)
    if not asked.holds(value):
        raise UsageError(f"orgopt.toml: {where} = {shown(value)}: it must be {asked.says}")
    return kind(value)


def _price(name: str, value: Any) -> Price:
    numbers = cast("list[Any]", value) if isinstance(value, list) else []
    if len(numbers) != 2 or not all(map(number(0).holds, numbers)):
        raise UsageError(f'orgopt.toml: [prices] "{name}" must be [in, out], dollars per million tokens')
    return Price(float(numbers[0]), float(numbers[1]))


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise UsageError(f"orgopt.toml: {where} must be a text")
    return value


def _table(tables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = tables.get(name, {})
    if not isinstance(table, dict):
        raise UsageError(f"orgopt.toml: [{name}] must be a table")
    return cast("dict[str, Any]", table)
