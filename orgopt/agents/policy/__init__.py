"""Agents without a language model: strategies over a task's knobs, a module each, named in `POLICIES` of `agent_names`."""
