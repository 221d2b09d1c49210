"""A coding CLI of the tests' own: edits `train.py` of its repository in the way that its first argument says.

Other arguments are for the mode. It is run by a bare Python and uses the standard library and git alone.
"""

import os
import re
import socket
import subprocess
import sys
import time
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


def several() -> None:
    for x in (0.1, 0.2, 0.3, 0.4, 0.5):
        turn("X", x)
        commit(f"X is {x}")


def code(text: str = "# faster") -> None:
    path = Path("train.py")
    path.write_text(path.read_text().replace("import sys\n", f"import sys  {text}\n"))


def try_network() -> None:
    try:
        with socket.create_connection(("127.0.0.1", int(sys.argv[2])), timeout=2) as connection:
            connection.sendall(b"hello")
            print("network: reached")
    except OSError as error:
        print(f"network: {type(error).__name__}")


def spy(*places: str) -> None:
    """Look for a canary wherever there may be one."""
    found = [f"{name}={value}" for name, value in os.environ.items()]
    for place in (*places, *(f"/proc/{pid}/environ" for pid in os.listdir("/proc") if pid.isdigit())):
        try:
            found.append(Path(place).read_text(errors="replace"))
        except OSError as error:
            found.append(f"{place}: {error.strerror}")
    print("\n".join(found))
    turn("X", 0.25)
    commit("looked around: " + os.environ.get("GIVEN_KEY", "nothing given"))


def hang() -> None:
    child = [sys.executable, "-c", "import time; time.sleep(600)", sys.argv[2]]
    subprocess.Popen(child, start_new_session=True)
    turn("X", 0.2)
    if "commit" in sys.argv[3:]:
        commit("before the hang")
        turn("X", 0.9)
    print("hanging", flush=True)
    time.sleep(600)


def main() -> None:
    mode = sys.argv[1]
    if mode == "climb":
        climb()
    elif mode == "several":
        several()
    elif mode == "code":
        code()
        commit("a comment helps")
    elif mode == "uncommitted":
        turn("Y", 0.2)
        Path("scratch.log").write_text("notes")
        print("I moved Y to its bottom")
    elif mode == "nothing":
        print("nothing to do")
    elif mode == "other":
        turn("X", 0.5)
        Path("prepare.py").write_text("def evaluate(folder): return {'val_loss': -1}\n")
        commit("a better judge")
    elif mode == "added":
        Path("helper.py").write_text("x = 1\n")
        commit("a helper")
    elif mode == "syntax":
        code("\n    oops(")
        commit("oops")
    elif mode == "range":
        turn("X", 5)
        commit("far out")
    elif mode == "focus":
        turn("SCALE", 2.0)
        commit("out of focus")
    elif mode == "gone":
        Path("train.py").unlink()
        Path("train.py").symlink_to("/etc/passwd")
        commit("elsewhere")
    elif mode == "mixed":
        turn("X", 5)
        commit("far out")
        turn("X", 0.6)
        commit("nearer")
    elif mode == "hang":
        hang()
    elif mode == "noise":
        os.write(1, b"first line\n" + b"\xff\x1b[31m" * 200_000 + b"\nlast line\n")
        turn("X", 0.3)
        commit("loud")
    elif mode == "exit":
        turn("X", 0.3)
        if "commit" in sys.argv[2:]:
            commit("then it failed")
        print("cannot go on", file=sys.stderr)
        sys.exit(3)
    elif mode == "spy":
        spy(*sys.argv[2:])
    elif mode == "network":
        try_network()
        turn("X", 0.3)
        commit("online or not")
    elif mode == "leak":
        code("# " + os.environ["GIVEN_KEY"])
        commit("keeps a key")
    elif mode == "hog":
        hog = [b"x" * 2**20 for _ in range(3000)]
        time.sleep(60)
        print(len(hog))
    elif mode == "forge":
        Path("../result.json").mkdir()
        Path("../result.json/x").write_text("{}")
        subprocess.run(["git", "config", "core.fsmonitor", "touch /tmp/ran"], check=True)
        Path(".git/hooks").mkdir(exist_ok=True)
        turn("X", 0.3)
        commit("forged")
    elif mode == "told":
        print(Path(sys.argv[2]).read_text() if sys.argv[2] != "-" else sys.stdin.read())
        print(f"argument: {sys.argv[3]}")
        turn("X", 0.3)
        commit("as told")
    elif mode == "history":
        print(subprocess.run(["git", "log", "--format=%s"], capture_output=True, text=True).stdout)
        print(sorted(path.name for path in Path().iterdir()))
        climb()


main()
