"""A coding CLI of the tests' own: edits `train.py` of its repository in the way that its first argument says.

Other arguments are for the mode. It is run by a bare Python and uses the standard library and git alone.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path


def turn(name: str, value: object) -> None:
    """Set a constant."""
    path = Path("train.py") if Path("train.py").exists() else Path("knobs.py")
    path.write_text(re.sub(rf"^{name} = \S+", f"{name} = {value}", path.read_text(), flags=re.MULTILINE))


def commit(subject: str) -> None:
    subprocess.run(["git", "add", "--all"], check=True)
    subprocess.run(["git", "commit", "--quiet", "-m", subject], check=True)


def value(name: str) -> float:
    path = Path("train.py") if Path("train.py").exists() else Path("knobs.py")
    return float(re.search(rf"^{name} = (\S+)", path.read_text(), re.MULTILINE)[1])


def climb() -> None:
    """Move X to the bottom of the toy task, a part of the way."""
    turn("X", round(value("X") + 0.4 * (0.7 - value("X")), 4))
    commit("X should be nearer to 0.7")
    print("moved X")


def flip() -> None:
    """Set the first knob that is 0 to 1, in a file that declares knobs."""
    path = Path("knobs.py")
    path.write_text(re.sub(r"^(\w+) = 0", r"\1 = 1", path.read_text(), count=1, flags=re.MULTILINE))
    commit("turn the first that is off")


def several() -> None:
    for x in (0.1, 0.2, 0.3, 0.4, 0.5):
        turn("X", x)
        commit(f"X is {x}")


def code(text: str = "# faster") -> None:
    path = Path("train.py")
    path.write_text(path.read_text().replace("import sys\n", f"import sys  {text}\n"))
    commit("a comment helps")


def uncommitted() -> None:
    turn("Y", 0.2)
    Path("scratch.log").write_text("notes")
    subprocess.run(["git", "add", "scratch.log"], check=True)
    print("I moved Y to its bottom")


def set_x(x: float, subject: str) -> None:
    turn("X", x)
    commit(subject)


def other() -> None:
    Path("prepare.py").write_text("def evaluate(folder): return {'val_loss': -1}\n")
    set_x(0.5, "a better judge")


def added() -> None:
    Path("helper.py").write_text("x = 1\n")
    path = Path("train.py")
    path.write_text(path.read_text().replace("import os\n", "import helper\nimport os\n"))
    commit("a helper")


def spare() -> None:
    """Add a file that the script has no use for, as small models do."""
    Path("greeting.py").write_text("print('hey')\n")
    set_x(0.5, "half the way")


def focus() -> None:
    turn("SCALE", 2.0)
    commit("out of focus")


def gone() -> None:
    Path("train.py").unlink()
    Path("train.py").symlink_to("/etc/passwd")
    commit("elsewhere")


def vandal() -> None:
    turn("X", 0.5)
    shutil.rmtree(".git")


def mixed() -> None:
    set_x(5, "far out")
    set_x(0.6, "nearer")


def hang(mark: str, *how: str) -> None:
    child = [sys.executable, "-c", "import time; time.sleep(600)", mark]
    subprocess.Popen(child, start_new_session=True)
    turn("X", 0.2)
    if how:
        commit("before the hang")
        turn("X", 0.9)
    print("hanging", flush=True)
    time.sleep(600)


def noise() -> None:
    os.write(1, b"first line\n" + b"\xff\x1b[31m" * 200_000 + b"\nlast line\n")
    set_x(0.3, "loud")


def end(*how: str) -> None:
    turn("X", 0.3)
    if how:
        commit("then it failed")
    print("cannot go on", file=sys.stderr)
    sys.exit(3)


def spy(*places: str) -> None:
    """Look for a canary wherever there may be one."""
    found = [f"{name}={value}" for name, value in os.environ.items()]
    processes = [path / "environ" for path in Path("/proc").iterdir() if path.name.isdigit()]
    for place in (*map(Path, places), *processes):
        try:
            found.append(place.read_text(errors="replace"))
        except OSError as error:
            found.append(f"{place}: {error.strerror}")
    print("\n".join(found))
    set_x(0.25, "looked around: " + os.environ.get("GIVEN_KEY", "nothing given"))


def network(port: str) -> None:
    try:
        with socket.create_connection(("127.0.0.1", int(port)), timeout=2):
            print("network: reached")
    except OSError as error:
        print(f"network: {type(error).__name__}")
    set_x(0.3, "online or not")


def hog() -> None:
    held = [b"x" * 2**20 for _ in range(3000)]
    time.sleep(60)
    print(len(held))


def forge() -> None:
    """Leave a result of its own, and a repository that runs programs."""
    Path("../result.json").mkdir()
    Path("../result.json/x").write_text("{}")
    set_x(0.3, "forged")
    subprocess.run(["git", "config", "core.fsmonitor", "touch /tmp/ran"], check=True)
    turn("X", 0.9)


def told(where: str, more: str) -> None:
    print(sys.stdin.read() if where == "-" else Path(where).read_text())
    print(f"argument: {more}")
    set_x(0.3, "as told")


def hold() -> None:
    """Work on a task: say what its files have, tick the first open point, note something, and climb."""
    path = Path("TASK.md")
    text = path.read_text()
    calls = text.count("a note of call") + 1
    path.write_text(text.replace("- [ ]", "- [x]", 1) + f"a note of call {calls}\n")
    print(text, Path("../prompt.md").read_text())
    print("log: " + subprocess.run(["git", "log", "--format=%s"], capture_output=True, text=True).stdout)
    here = sorted(str(one) for one in Path().rglob("*") if one.is_file() and ".git/" not in str(one))
    print(f"files: {here}")
    diary = Path("notes/diary of mine.txt")
    diary.parent.mkdir(exist_ok=True)
    diary.write_text((diary.read_text() if diary.exists() else "") + "tried X\n")
    print(f"diary: {diary.read_text().count('tried X')}")
    Path("helper.py").write_text("print('a helper')\n")
    Path("cache.bin").write_bytes(bytes(range(256)))
    Path("cache.txt").write_text("x" * 2**18)
    if not Path("passwords").is_symlink():
        Path("passwords").symlink_to("/etc/passwd")
    climb()


QUESTIONS = {
    "chat": ("/v1/chat/completions", {"messages": [{"role": "user", "content": "Which X?"}]}),
    "responses": ("/v1/responses", {"input": "Which X?"}),
    "messages": ("/v1/messages", {"max_tokens": 9, "messages": [{"role": "user", "content": "Which X?"}]}),
    "gemini": ("/v1beta/models/any:generateContent", {"contents": [{"parts": [{"text": "Which X?"}]}]}),
}


def asked(dialect: str) -> str:
    """What a model says of X, asked at the address of the environment."""
    path, body = QUESTIONS[dialect]
    address = os.environ["ANTHROPIC_BASE_URL"] + path
    headers = {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
    request = urllib.request.Request(address, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.read().decode()


def ask(*dialects: str) -> None:
    """Turn X as a model says it: the last number of its answer that is one of X."""
    for dialect in dialects:
        found = asked(dialect)
        print(dialect, found)
        set_x(float(re.findall(r"\b0\.\d+", found)[0]), f"asked in {dialect}")


def ask_and_hang() -> None:
    print(asked("chat"), flush=True)
    time.sleep(600)


def history() -> None:
    print(subprocess.run(["git", "log", "--format=%s"], capture_output=True, text=True).stdout)
    print(sorted(path.name for path in Path().iterdir()))
    climb()


MODES = {
    "climb": climb,
    "several": several,
    "flip": flip,
    "code": code,
    "uncommitted": uncommitted,
    "nothing": lambda: print("nothing to do"),
    "other": other,
    "added": added,
    "spare": spare,
    "syntax": lambda: code("\n    oops("),
    "range": lambda: set_x(5, "far out"),
    "focus": focus,
    "gone": gone,
    "mixed": mixed,
    "vandal": vandal,
    "hang": hang,
    "noise": noise,
    "exit": end,
    "spy": spy,
    "network": network,
    "leak": lambda: code("# " + os.environ["GIVEN_KEY"]),
    "hog": hog,
    "forge": forge,
    "told": told,
    "history": history,
    "ask": ask,
    "hold": hold,
    "ask-and-hang": ask_and_hang,
}

MODES[sys.argv[1]](*sys.argv[2:])
