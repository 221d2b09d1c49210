"""Agents without a language model: strategies over a task's knobs, a module each; `POLICIES` of `org` names them."""
