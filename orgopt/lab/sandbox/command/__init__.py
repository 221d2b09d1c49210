"""How a coding CLI runs in the sandbox: what it may reach, which roots it has, its line to a model."""
