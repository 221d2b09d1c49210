"""Agents without a language model: strategies over a task's knobs."""

from orgopt.agents.base import Agent
from orgopt.agents.policy.hill_climb import HillClimb
from orgopt.agents.policy.random import Random
from orgopt.agents.policy.tpe import Tpe

POLICIES: dict[str, type[Agent]] = {"random": Random, "hill-climb": HillClimb, "tpe": Tpe}
