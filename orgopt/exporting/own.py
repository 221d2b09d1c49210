"""orgopt's own exporters of documents, by name."""

from orgopt.exporting.agents_md import AgentsMd
from orgopt.exporting.base import Exporter
from orgopt.exporting.charts import MERMAID, SVG
from orgopt.exporting.claude_agents import ClaudeAgents
from orgopt.exporting.crewai import CrewAi
from orgopt.exporting.openclaw import OpenClaw
from orgopt.exporting.squad import Squad

OWN: dict[str, Exporter] = {
    "agents-md": AgentsMd(),
    "claude-agents": ClaudeAgents(),
    "crewai": CrewAi(),
    "mermaid": MERMAID,
    "openclaw": OpenClaw(),
    "squad": Squad(),
    "svg": SVG,
}
