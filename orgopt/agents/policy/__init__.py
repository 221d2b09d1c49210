"""Agents without a language model: strategies over a task's knobs, a module each, named in `agent_names.POLICIES`."""
