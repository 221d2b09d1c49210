"""From one researcher to a better team, in about a minute: run, plan, optimize, compare, look."""

import orgopt

# How much research does one researcher do?
alone = orgopt.run("orgs/solo.md", task="digits", budget="10s", lab="replay")
print(alone.ending.title)

# Which team would do more? First what the search would cost, then the search.
planned = orgopt.plan(
    "orgs/solo.md",
    task="digits",
    budget="10s",
    lab="replay",
    generations=3,
    population=6,
    tracking=False,  # MLflow can show it later: orgopt sync
)
print(f"up to {planned.forecast().runs['search'].high:.0f} runs in the search")
study = planned.carry_out()
print(study.ending.title)

# What was changed, and which candidates were good?
print(*study.ending.changes, sep="\n")
print(study.to_pandas().sort_values("score")[["score", "seeds", "changes"]].tail(3))

# Once more on seeds of its own, against what it began with and against plain Optuna.
found = orgopt.compare(
    study.folder / "best.md", "orgs/solo.md", "optuna:tpe", task="digits", budget="10s", lab="replay"
)
print(found.to_pandas()[["score", "low", "high", "verdict"]])
