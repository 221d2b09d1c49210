"""A scripted model for coding CLIs: it turns a knob with the tool that it is offered, commits, and says so.

It knows no CLI by name: it calls the tool that takes a command of a shell, and where there is no tool at all, it writes
a command in a block, an edit of aider's or the whole script.
"""

import re
from collections.abc import Mapping
from typing import Any

from tests.fakes.llm_server import Call, Uses

SUBJECT = "X should be nearer to 0.7"
DO = f"sed -i 's/^X = 0.0/X = 0.6/' train.py && git commit --quiet --all --message '{SUBJECT}'"
DONE = "I moved X towards 0.7 and committed it."
SUBMIT = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"
"""What mini-swe-agent takes for the end of its work."""
EDIT = """\
I move X towards 0.7.

train.py
```python
<<<<<<< SEARCH
X = 0.0  # knob: 0..1, group point
=======
X = 0.6  # knob: 0..1, group point
>>>>>>> REPLACE
```
"""


def code(call: Call) -> str | Uses:
    """The next step of a coder."""
    tools = [one["function"] for one in call.body.get("tools", ())]
    shell = next(filter(None, map(_shell, tools)), None)
    did = sum("train.py &&" in str(message.get("tool_calls")) for message in call.body["messages"])
    if shell is None:
        return _written(call)
    if not did:
        return Uses((shell(DO),), text="I turn X.")
    if "COMPLETE_TASK" in call.system + call.user:
        return Uses((shell(SUBMIT),), text=DONE)
    return DONE


def _written(call: Call) -> str:
    """The next step of a coder that has no tool."""
    asked = call.system + call.user
    if "fenced bash block" in asked:
        done = any(DO in str(message["content"]) for message in call.body["messages"])
        return f"THOUGHT: X moves.\n\n```bash\n{SUBMIT if done else DO}\n```"
    if "SEARCH" in asked:
        return EDIT
    shown = re.search(r"^train\.py\n(```|````)\n(.*?)^\1", asked, re.DOTALL | re.MULTILINE)
    script = re.sub("^X = 0.0", "X = 0.6", shown[2], flags=re.MULTILINE) if shown else ""
    return f"X moves towards 0.7.\n\ntrain.py\n```\n{script}```\n" if script else "X moves towards 0.7"


def _shell(tool: Mapping[str, Any]) -> Any:
    """What calls a tool with a command, where it takes one."""
    takes = tool["parameters"].get("properties", {})
    name = next((name for name in ("command", "cmd") if name in takes), None)
    if name is None:
        return None
    listed = takes[name].get("type") == "array"

    def use(command: str) -> tuple[str, dict[str, Any]]:
        others = {one: "as asked" for one in tool["parameters"].get("required", ()) if one != name}
        others = {one: False if takes[one].get("type") == "boolean" else value for one, value in others.items()}
        return tool["name"], {name: ["sh", "-c", command] if listed else command, **others}

    return use
