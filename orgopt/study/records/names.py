"""The words of a study's log: its file, its phases."""

LOG = "study.jsonl"
STOPPED = "stopped"  # a file of a folder that an error has stopped: what the error says
SEARCH, RACE, TEST, HELD_OUT, REAL = "search", "race", "test", "held-out", "real"
ABLATION = "knock-out"
"""The word on disk, which older versions wrote."""
REWRITE = "rewrite"
"""The runs that DSPy's optimizers ask for."""
PHASES = (SEARCH, RACE, TEST, HELD_OUT, REAL, ABLATION, REWRITE)
