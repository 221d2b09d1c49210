"""The names of agents: what documents may write under `Agent`, and whose class each policy is."""

from orgopt.plugins import PluginKind

POLICIES = {
    "random": "orgopt.agents.policy.random:Random",
    "hill-climb": "orgopt.agents.policy.hill_climb:HillClimb",
    "evolution": "orgopt.agents.policy.evolution:Evolution",
    "tpe": "orgopt.agents.policy.tpe:Tpe",
    "gp": "orgopt.agents.policy.gp:Gp",
    "freeze-thaw": "orgopt.agents.policy.freeze_thaw:FreezeThaw",
    "replicate": "orgopt.agents.policy.replicate:Replicate",
    "imitate": "orgopt.agents.policy.imitate:Imitate",
}
"""The agents that need nothing to be configured: their names in documents, and the class of each."""

LANGUAGE_AGENT = "llm"
"""The agent that thinks with a language model, which the user has to configure."""

WORKING_AGENTS = tuple(POLICIES)
"""Names of the agents that need nothing to be configured."""

AGENTS = (*WORKING_AGENTS, LANGUAGE_AGENT)
"""Names of orgopt's own agents that a role may have."""

AGENT_KIND = PluginKind(group="orgopt.agents", noun="agent", own=AGENTS)
"""Those, and the agents of installed packages."""

DEFAULT_MODEL = "ORGOPT_MODEL"
"""Environment variable that names the language model of roles that name none."""

COMMAND = "command:"
"""What the name of an agent begins with that is a command of the user's: `command:NAME`, declared in orgopt.toml."""

SAMPLING_AGENTS = ("tpe", "gp", "nsga2", "cmaes", "random")
"""The agents of a search that are samplers of Optuna's."""

OPENING_AGENT, SCREENING_AGENT, WRITING_AGENT = "opening", "screen", "write"
"""Those that try what is known to work, and those that go by a model of all that was tried."""

CROSSING_AGENT = "cross"
"""The one that crosses two documents."""

REFLECTING_AGENT = "reflect"
"""The rewriter that is one question: a search's role that is one goes by its charter."""
REWRITING_AGENTS = (REFLECTING_AGENT, "gepa", "mipro", "simba")
"""Those that are language models which rewrite documents."""

SEARCH_AGENTS = (*SAMPLING_AGENTS, OPENING_AGENT, SCREENING_AGENT, WRITING_AGENT, CROSSING_AGENT, *REWRITING_AGENTS)
"""Names of the agents that a role of a search may have: they propose documents, and all others experiments."""

DEFAULT_AGENT = "hill-climb"
"""That of a role which names none."""
