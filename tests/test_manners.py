"""What is printed and what is taken: output of any encoding, settings by their values, names, addresses, secrets."""

import base64
import hashlib
import html
import json
import re
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from click.testing import CliRunner, Result

from orgopt.agents.thinking.redact import leaks, redact, secrets_of
from orgopt.api.inputs import checked_name, seconds
from orgopt.basics.addresses import without_passwords
from orgopt.cli import main
from orgopt.document import Program
from orgopt.errors import OrgoptError, UsageError
from orgopt.report import page
from orgopt.study.config import study_name
from orgopt.tasks.folder import load_task
from orgopt.testing.toy_task import TOY
from orgopt.tracking.own_origin import is_foreign
from orgopt.workspace import folder_name
from tests.conftest import ROOT
from tests.fakes.study import records, view

SOLO = "# Größe → 漢字\n\n## Roles\n\n### Ärztin\n- **Headcount:** 1\n- **Agent:** hill-climb\n"


@pytest.fixture(autouse=True)
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "solo.md").write_text(SOLO)
    (tmp_path / "orgopt.toml").touch()
    return tmp_path


def told(*args: str | Path, charset: str = "utf-8") -> Result:
    result = CliRunner(charset=charset).invoke(main, [str(arg) for arg in args])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


# Output


@pytest.mark.parametrize("charset", ["ascii", "latin-1", "cp1252"])
@pytest.mark.parametrize(
    "args",
    [
        ["show", "solo.md"],
        ["task", "nk"],
        ["run", "solo.md", "--task", "nk", "--budget", "6s", "--verbose"],
        ["diff", "solo.md", str(ROOT / "orgs" / "trio.md")],
        ["lint", "solo.md"],
    ],
    ids=lambda args: args[0],
)
def test_output_that_cannot_show_a_letter_shows_others(args: list[str], charset: str) -> None:
    result = told(*args, charset=charset)
    assert result.exit_code in {0, 1}
    assert result.stdout_bytes.decode(charset).strip()
    assert "PYTHONIOENCODING" not in result.output


def test_symbols_become_letters_that_mean_the_same(lab: Path) -> None:
    shown = told("show", "solo.md", charset="ascii").stdout
    assert "Gr??e -> ??" in shown
    assert "####" in shown or "##" in shown
    data = json.loads(told("show", "solo.md", "--json", charset="ascii").stdout)
    assert "Größe → 漢字" in json.dumps(data, ensure_ascii=False), "JSON has every letter"


# Settings

BAD_OPTIONS = [
    ("slots = [2]", "it must be a whole number"),
    ("slots = nan", "it must be a whole number"),
    ("slots = true", "it must be a whole number"),
    ("slots = 2.7", "it must be a whole number"),
    ("slots = '2'", "it must be a whole number"),
    ("slots = 0", "is not in the range"),
    ("budget = true", "it must be a time such as"),
    ("budget = inf", "it must be a time such as"),
    ("budget = -5", "it must be a time such as"),
    ("lab = []", "it must be a text"),
    ("max-usd = nan", "it must be a number"),
    ("max-usd = inf", "it must be a number"),
    ("verbose = 1", "it must be true or false"),
    ("verbose = 'yes'", "it must be true or false"),
    ("colour = 1", "there is no [run] colour"),
]


@pytest.mark.parametrize(("line", "words"), BAD_OPTIONS)
def test_options_of_a_settings_file_are_looked_at_by_value(lab: Path, line: str, words: str) -> None:
    (lab / "orgopt.toml").write_text(f"[models]\ndefault = 'x'\n\n[run]\ntask = 'nk'\n{line}\n")
    budget = [] if "budget" in line else ["--budget", "6s"]
    result = told("run", "solo.md", *budget)
    assert result.exit_code == 2
    assert "orgopt.toml:6: " in result.stderr
    assert words in result.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("run = 3", "run must be one table, [run], and not 3"),
        ("models = 3", "models must be one table, [models], and not 3"),
        ("[models.x]\ntimeout_s = nan", "timeout_s = nan: it must be a number above 0"),
        ("[models.x]\nmax_tokens = inf", "max_tokens = inf: it must be a whole number above 0"),
        ("[models.x]\nmax_tokens = 2.5", "max_tokens = 2.5: it must be a whole number above 0"),
        ("[prices]\nx = [true, 1]", "must be [in, out], dollars"),
        ("[prices]\nx = [nan, 1]", "must be [in, out], dollars"),
        ("a = " + "[" * 100_000, "brackets in brackets without end"),
        ("[run", "Expected ']'"),
    ],
)
def test_a_settings_file_that_is_not_understood_is_one_message(lab: Path, text: str, words: str) -> None:
    (lab / "orgopt.toml").write_text(text)
    (lab / "llm.md").write_text(SOLO.replace("hill-climb", "llm\n- **Model:** x"))
    result = told("run", "llm.md", "--task", "nk", "--budget", "6s")
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("wall_s = 2", "wall_s = nan", ":10: [limits] wall_s = nan: it must be a number above 0 to 31,622,400"),
        ("wall_s = 2", "wall_s = -1", ":10: [limits] wall_s = -1: it must be a number above 0"),
        ("wall_s = 2", "wall_s = true", ":10: [limits] wall_s = true: it must be a number above 0"),
        ("think_s = 0.01", "think_s = inf", ":14: [time] think_s = inf: it must be a number from 0"),
        ("seeds = 100", "seeds = 1.5", ":22: [baseline] seeds = 1.5: it must be a whole number from 1 on"),
        ("sd = 0.01", "sd = -1", ":21: [baseline] sd = -1: it must be a number from 0 on"),
        ("metric = 0.5", "metric = '1'", ":19: [baseline] metric = '1': it must be a number"),
        ('title = "', 'title = 3 # "', ":1: 'title' = 3: it must be a text in quotes"),
        ('preload = ["numpy"]', "preload = 'numpy'", ":7: 'preload' = 'numpy': it must be a list"),
        ("best = -0.1", "bestt = 1", ":11: there is no [limits] bestt: wall_s, memory_gb"),
        ("[floors]", "[flors]", ":30: there is no 'flors': title, brief"),
        ("guess = 0.4", "guess = 'x'", ":31: [floors] guess = 'x': it must be a number"),
        ("[time]", "[tim]", ":13: there is no 'tim'"),
        ("meeting_s = 0.01\n", "", ":13: missing 'meeting_s': write [time] meeting_s, a number from 0"),
        ('heldout = "heldout_loss"\n', "", "missing 'heldout': write 'heldout', a text"),
        (
            "[reference]",
            "[reference.settings]\nX = 7.0\n[reference]",
            "[reference.settings]: toy: X = 7.0 is not in",
        ),
        (
            "[reference]",
            "[reference.settings]\nQ = 1\n[reference]",
            "[reference.settings]: toy: Q = 1 is not",
        ),
        ("best = -0.1", "[sandbox]\nresult = '../x.npz'", "it must be the name of one file of arrays"),
    ],
)
def test_a_task_is_looked_at_by_value_with_its_line(lab: Path, old: str, new: str, words: str) -> None:
    folder = lab / "fitness" / "toy"
    folder.mkdir(parents=True)
    for path in TOY.iterdir():
        if path.is_file():
            (folder / path.name).write_bytes(path.read_bytes())
    text = (folder / "task.toml").read_text()
    assert old in text
    (folder / "task.toml").write_text(text.replace(old, new, 1))
    with pytest.raises(OrgoptError) as error:
        load_task("toy", lab)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


# Durations and names


@pytest.mark.parametrize("duration", ["9" * 400 + "s", "1" + "0" * 12, "367h" + "0", "99999999h", 1e20])
def test_a_budget_that_would_never_end_is_refused(duration: str) -> None:
    with pytest.raises(UsageError, match=r"longer than a year: a budget is at most 8784h|is not a duration"):
        seconds(duration)


@pytest.mark.parametrize("name", ["", ".", "..", "-rf", "a/b", "../x", "x" * 101, "漢" * 50, "a\nb", "a\0b", "a b"])
def test_names_that_are_no_names_of_folders_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"study name .*letters, digits"):
        checked_name(name, "study")


@pytest.mark.parametrize("name", ["CON", "größe", "漢字", "研究-2", "_x", "a..b", "x" * 100])
def test_names_of_any_alphabet_are_taken(name: str) -> None:
    assert checked_name(name, "study") == name


@pytest.mark.parametrize("stem", ["-rf", "--force", ".hidden", "a b\nc", "x" * 300, "漢" * 200, "---"])
def test_names_that_are_made_from_documents_can_be_given_again(stem: str, trio: Program) -> None:
    made = folder_name(stem)
    assert checked_name(made, "study") == made
    named = study_name(replace(trio, source=f"{stem}.md"), {"tasks": ["toy"]})
    assert not named.startswith(("-", "."))
    assert len(named.encode()) < 200


# Secrets

SECRETS = ["sk-proj-Ab3+/x9Zq_w7 &\"'<p%", "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "pässword12", "hunter2!x"]
CLOTHES: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "basic": lambda s: f"Authorization: Basic {base64.b64encode(f'user:{s}'.encode()).decode()}",
    "basic of another user": lambda s: f"Authorization: Basic {base64.b64encode(f'me:{s}'.encode()).decode()}",
    "base64 of a part of something": lambda s: base64.urlsafe_b64encode(b"x" + s.encode() + b"yz").decode(),
    "base64 in lines": lambda s: base64.encodebytes(b"q" * 50 + s.encode()).decode(),
    "percent": lambda s: quote(s, safe=""),
    "percent, all": lambda s: "".join(f"%{byte:02x}" for byte in s.encode()),
    "percent twice": lambda s: quote(quote(s, safe=""), safe=""),
    "form": quote_plus,
    "json": json.dumps,
    "json, all": lambda s: "".join(f"\\u{ord(letter):04x}" for letter in s),
    "python": repr,
    "html": html.escape,
    "html, all": lambda s: "".join(f"&#{ord(letter)};" for letter in s),
    "hexadecimal": lambda s: s.encode().hex(),
    "hexadecimal pairs": lambda s: s.encode().hex(":").upper(),
    "broken lines": lambda s: "\n".join(textwrap.wrap(s, 7, drop_whitespace=False)),
    "broken by a backslash": lambda s: f"{s[:4]}\\\n    {s[4:]}",
    "broken in json": lambda s: f"{s[:6]}\\n{s[6:]}",
}


@pytest.mark.parametrize("clothes", CLOTHES)
def test_secrets_are_masked_in_other_clothes(clothes: str) -> None:
    for secret in SECRETS:
        shown = CLOTHES[clothes](secret)
        text = redact(f"some words {shown} and more", [secret])
        assert "***" in text, secret
        assert shown not in text
        assert len(text) < len(f"some words {shown} and more")
        assert leaks(f"x = '{shown}'", [secret])


def test_prose_is_not_masked() -> None:
    text = (ROOT / "docs" / "design.md").read_text()
    assert redact(text, [*SECRETS, "a" * 9 + "b"]) == text
    assert not leaks(text, SECRETS)


def test_a_key_that_is_none_takes_nothing_from_a_text() -> None:
    assert redact("[Errno 111] next: EMPTY", ["x", "EMPTY", "none"]) == "[Errno 111] next: EMPTY"
    assert redact("a long-secret here", ["x", "long-secret"]) == "a *** here"


def test_secrets_are_found_by_names_and_in_addresses() -> None:
    found = secrets_of(
        {
            "OPENAI_API_KEY": "sk-12345678",
            "PGPASSWORD": "correct horse",
            "DATABASE_URL": "postgresql://user:battery-staple@host/db",
            "GIT_REMOTE": "https://ghp_abcdefgh@github.com/x/y",
            "HOME": "/home/somebody",
            "DEBUG_TOKEN": "true",
        }
    )
    assert sorted(found) == ["battery-staple", "correct horse", "ghp_abcdefgh", "sk-12345678"]


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://user:S@host/db", "https://S@host", "mysql+pymysql://u:S%40x@h:3306/d", "redis://:S@h:6379/0",
        "cannot write postgresql://u:p@S@h/d: refused", "http://h/x?token=S&a=1", "postgresql://h/db?user=a&password=S",
        "host=h user=u password=S dbname=x", "postgresql://u:a/S@h/db", "'https://x:S@h/'", "s3://AKIA:S@minio/b",
        "Max retries exceeded with url: /health?api_key=S", "mssql+pyodbc:///?odbc_connect=PWD%3DS",
    ],
)  # fmt: skip
def test_passwords_in_addresses_are_not_shown(address: str) -> None:
    shown = without_passwords(address.replace("S", "s3cr3t"))
    assert "s3cr3t" not in shown
    assert "***" in shown


def test_addresses_without_passwords_stay_as_they_are() -> None:
    for text in ("sqlite:////tmp/a@b/x.db", "http://h:4873/@scope/x", "see https://github.com/@user, a@b.c", "x = 3"):
        assert without_passwords(text) == text


def test_an_export_that_fails_shows_no_password(lab: Path) -> None:
    folder = lab / "mlruns" / "studies" / "s"
    folder.mkdir(parents=True)
    (folder / "study.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records(1, 2, tests=2)))
    for storage in ("nosuchdb://user:hunter2secret@host/db", "sqlite:////proc/x?password=hunter2secret"):
        result = told("export", "s", "--optuna", storage)
        assert result.exit_code in {2, 6}
        assert "hunter2secret" not in result.output
        assert "***" in result.stderr


# Pages


def test_the_page_of_a_study_lets_the_browser_run_its_own_script_alone() -> None:
    text = page(view(records(1, 2, tests=2)))
    policy = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', text)[0]
    script = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)[0]
    digest = base64.b64encode(hashlib.sha256(html.unescape(script).encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy
    assert text.index("Content-Security-Policy") < text.index("<style>")


OWN = "http://127.0.0.1:5000"


@pytest.mark.parametrize(
    ("method", "headers", "foreign"),
    [
        ("POST", {"origin": OWN}, False),
        ("POST", {}, False),
        ("GET", {"sec-fetch-site": "cross-site"}, False),
        ("POST", {"origin": "http://localhost:5000", "host": "localhost:5000"}, False),
        ("POST", {"origin": "http://localhost:1234"}, True),
        ("POST", {"origin": "http://127.0.0.1:1234"}, True),
        ("POST", {"origin": "http://localhost:5000"}, True),
        ("POST", {"origin": "https://127.0.0.1:5000"}, True),
        ("POST", {"origin": "null"}, True),
        ("POST", {"origin": f"{OWN}@evil.com"}, True),
        ("POST", {"sec-fetch-site": "same-site"}, True),
        ("DELETE", {"sec-fetch-site": "cross-site"}, True),
        ("GET", {"origin": "http://localhost:1234"}, True),
        ("OPTIONS", {"origin": "http://localhost:1234"}, True),
        ("POST", {"host": "evil.com:5000"}, True),
        ("GET", {"host": "192.168.0.7:5000"}, True),
    ],
)
def test_only_pages_of_its_own_origin_may_ask_the_server(method: str, headers: dict[str, str], foreign: bool) -> None:
    given = {"host": "127.0.0.1:5000", **headers}
    scope = {"type": "http", "method": method, "headers": [(k.encode(), v.encode()) for k, v in given.items()]}
    assert is_foreign(scope) is foreign
    assert is_foreign({**scope, "type": "websocket"}) or not foreign
