"""Agents without a language model: strategies over a task's knobs."""

from orgopt.agents.base import Agent
from orgopt.agents.policy.evolution import Evolution
from orgopt.agents.policy.gp import Gp
from orgopt.agents.policy.hill_climb import HillClimb
from orgopt.agents.policy.imitate import Imitate
from orgopt.agents.policy.random import Random
from orgopt.agents.policy.replicate import Replicate
from orgopt.agents.policy.tpe import Tpe

POLICIES: dict[str, type[Agent]] = {
    "random": Random,
    "hill-climb": HillClimb,
    "evolution": Evolution,
    "tpe": Tpe,
    "gp": Gp,
    "replicate": Replicate,
    "imitate": Imitate,
}
