"""Figures of language agents: wall time over the ideal with eight agents, and what a call costs besides the model.

    python -m tests.bench.language

The server runs in a process of its own, as models do.
"""

import argparse
import json
import multiprocessing
import statistics
import time
from multiprocessing.connection import Connection
from typing import Self

from orgopt.agents.llm.agent import Adapter
from orgopt.agents.llm.engine import Engine, speaker
from orgopt.agents.llm.model import Model
from orgopt.agents.session import Language
from orgopt.agents.thinking.answers import Answers
from orgopt.agents.thinking.spend import Spend
from orgopt.agents.toml_models import LanguageSettings, ModelSettings, Price
from orgopt.lab.base import Experiment
from orgopt.ledger import Ledger
from orgopt.org import Org, Role
from orgopt.tasks.folder import load_task
from orgopt.team.runtime import Team
from orgopt.testing.toy_task import TOY
from tests.fakes.lab import FakeLab
from tests.fakes.llm_server import MODEL, LlmServer, fields
from tests.fakes.researcher import research

AGENTS, LATENCY_S, CALLS = 8, 0.2, 200


def serve(latency_s: float, pipe: Connection) -> None:
    with LlmServer(research if latency_s else lambda call: "fine", latency_s=latency_s) as server:
        pipe.send(server.url)
        pipe.recv()
        pipe.send((len(server.calls), server.most))


class Served:
    def __init__(self, latency_s: float) -> None:
        self.pipe, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        self.process = context.Process(target=serve, args=(latency_s, theirs), daemon=True)

    def __enter__(self) -> Self:
        self.process.start()
        self.url = self.pipe.recv()
        return self

    def __exit__(self, *exc: object) -> None:
        self.pipe.send(None)
        self.calls, self.most = self.pipe.recv()
        self.process.join()


class Clocked(FakeLab):
    """A lab in real time whose experiments end at once, so that nothing but thinking takes time."""

    def __init__(self, task) -> None:
        super().__init__(task, slots=AGENTS, seconds=1e-6)
        self.virtual = False

    def reset(self) -> None:
        super().reset()
        self.since = time.monotonic()

    def now(self) -> float:
        self.time = time.monotonic() - self.since
        return self.time

    def submit(self, experiment: Experiment) -> None:
        self.now()
        super().submit(experiment)

    def wait(self, until: float):
        self.now()
        found = super().wait(self.time)
        if not found:
            time.sleep(max(0.0, until - self.now()))
        return found


def team(url: str, seconds: float) -> dict:
    """Wall over the ideal: calls / agents × latency."""
    toy = load_task(str(TOY))
    org = Org(roles=(Role(id="hand", name="Hand", headcount=AGENTS, agent="llm"),))
    given = ModelSettings(name=MODEL, api_base=url, timeout_s=10)
    settings = LanguageSettings(default=MODEL, models={MODEL: given}, prices={MODEL: Price(1, 1)})
    ledger = Ledger()
    with Language(org, settings) as language:
        began = time.process_time()
        Team(org, toy, Clocked(toy), seed=1, ledger=ledger, language=language).run(seconds)
        cpu = time.process_time() - began
    done = [event.data for event in ledger.of("thought") if not event.data["failure"]]
    calls = sum(data["calls"] for data in done)
    ideal = calls / AGENTS * LATENCY_S
    last = max(event.t for event in ledger.of("thought") if not event.data["failure"])
    return {
        "calls": calls,
        "ideal_s": round(ideal, 2),
        "wall_s": round(last, 2),
        "ratio": round(last / ideal, 3),
        "cpu_ms_per_call": round(1e3 * cpu / calls, 2),
    }


def overhead(url: str) -> dict:
    """Milliseconds of a call: over HTTP alone, with our engine, and with DSPy's program on top."""
    import dspy
    from dspy.lm15 import Message, Request, Response, Usage

    model = Model(ModelSettings(name=MODEL, api_base=url), Price(1, 1))
    spend = Spend()
    request = Request(model=MODEL, messages=(Message.user("x" * 4000),))
    asked = _ms(lambda: model.ask(request, spend, "r"))
    answer = fields(a="1", b="2", c="3")

    class Still:
        def complete(self, asked: Request) -> Response:
            return Response(
                id=None, model=asked.model, message=Message.assistant(answer), finish_reason="stop", usage=Usage(1, 1)
            )

    program = dspy.Predict("mission, settings, known, inbox, left -> a, b, c")
    inputs = dict.fromkeys(("mission", "settings", "known", "inbox", "left"), "x" * 1000)
    with dspy.context(lm=dspy.LM("x/y", engine=Still(), cache=False), adapter=Adapter(), disable_history=True):
        dspy_ms = _ms(lambda: program(**inputs))
    engine = Engine(model, Answers(), spend, asker="a", role="r")
    engine.model = type("Still", (), {"settings": model.settings, "ask": lambda *_: _answer(answer)})()
    with dspy.context(lm=speaker(engine, 0.5), adapter=Adapter(), disable_history=True):
        ours_ms = _ms(lambda: program(**inputs)) - dspy_ms
    return {"http_and_account_ms": asked, "dspy_ms": dspy_ms, "engine_and_record_ms": round(max(0.0, ours_ms), 2)}


def _answer(text: str):
    from orgopt.agents.thinking.answers import Answer

    return Answer(text=text)


def _ms(call) -> float:
    call()
    times = []
    for _ in range(CALLS):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return round(1e3 * statistics.median(times), 2)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=20)
    seconds = parser.parse_args().seconds
    with Served(LATENCY_S) as served:
        found = {"team": team(served.url, seconds)}
    found["team"]["most_at_once"] = served.most
    with Served(0.0) as served:
        found["overhead"] = overhead(served.url)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
