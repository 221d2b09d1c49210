"""Strangers' checkouts: the goal that documents say, kinds of constants, seeds, digests, files beside the script."""

import ast
import json
import os
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgopt.api.labs import kept_baseline
from orgopt.errors import OrgoptError, TaskError
from orgopt.foreign import contents_digest, interpreter, interpreter_folders
from orgopt.foreign.results import direction
from orgopt.foreign.seed import seeded
from orgopt.foreign.source import read
from orgopt.lab.base import Experiment, Outcome, Status
from orgopt.lab.local import LocalLab
from orgopt.lab.sandbox.choice import Sandbox
from orgopt.lab.sandbox.inside import checkout_files
from orgopt.lab.sandbox.inside.printed import printed_metric
from orgopt.ledger import Ledger, results_tsv
from orgopt.study.wording import metric as metric_text
from orgopt.tasks.folder import load_task
from orgopt.tasks.knob import parse_knobs
from orgopt.tasks.task import Task
from orgopt.team.beliefs import Measure
from tests.fakes.processes import needs_sandbox

BOTH = pytest.mark.parametrize("kind", [pytest.param(Sandbox.BUBBLEWRAP, marks=needs_sandbox), Sandbox.PROCESS])


def checkout(folder: Path, script: str, prepare: str = "TIME_BUDGET = 0.05\n", **others: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {"train.py": script, "prepare.py": prepare, **others}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def outcomes(task: Task, seeds: Sequence[int] = (1,), kind: Sandbox = Sandbox.BUBBLEWRAP) -> list[Outcome]:
    found: dict[int, Outcome] = {}
    with LocalLab(task, 1, kind) as lab:
        for number, seed in enumerate(seeds):
            lab.submit(Experiment(id=number, settings={}, seed=seed))
        while len(found) < len(seeds):
            for event in lab.wait(lab.now() + 30):
                assert isinstance(event, Outcome)
                found[event.id] = event
    return [found[number] for number in range(len(seeds))]


# The goal


@pytest.mark.parametrize(
    ("program", "printed", "metric"),
    [
        ("**The goal: maximize `total_pnl`.**", ["total_pnl", "val_loss"], "-total_pnl"),
        ("The goal is simple: get the lowest val_bpb.", ["val_bpb", "loss"], "val_bpb"),
        ("The metric is **val_mae** (mean absolute error) — lower is better.", ["val_mae", "val_rmse"], "val_mae"),
        ("Primary metric: maximise `pr_auc`\n\nSecondary:\n- minimize `val_loss`", ["val_loss", "pr_auc"], "-pr_auc"),
        ("Get the highest share of wins (win_rate).", ["win_rate"], "-win_rate"),
        ("| metric | |\n|---|---|\n| energy | lower is better |", ["energy"], "energy"),
        ("The objective: minimizing the final val_cost, whatever it takes.", ["val_cost", "val_acc"], "val_cost"),
        ("A higher val_loss means overfitting.\n\nMaximize `score` please.", ["val_loss", "score"], "-score"),
    ],
)
def test_documents_say_the_goal(tmp_path: Path, program: str, printed: list[str], metric: str) -> None:
    script = "X = 1\n" + "".join(f"print('{name}: 1')\n" for name in printed)
    assert load_task(str(checkout(tmp_path / "c", script, **{"program.md": program}))).metric == metric
    assert load_task(str(checkout(tmp_path / "d", script, **{"README.md": program}))).metric == metric


@pytest.mark.parametrize(
    ("program", "printed", "error"),
    [
        ("", ["win_loss_ratio"], "prints win_loss_ratio: write .*direction = 'down' or 'up'"),
        ("", ["val_loss_reduction"], "direction = 'down' or 'up'"),
        ("", ["error_free_rate"], "direction = 'down' or 'up'"),
        ("", ["test_error_free_rate"], "agents would fit the test data"),
        ("", ["test_loss"], "agents would fit the test data.*metric = 'test_loss' and direction = 'down'"),
        ("", ["heldout_acc"], "agents would fit the test data"),
        ("", ["val_loss", "val_acc"], "nothing says which of them steers"),
        ("", ["val_loss", "sharpe"], "nothing says which of them steers"),
        ("", ["train_loss"], "prints no line that looks like a metric"),
        ("Get the highest test accuracy (test_acc).", ["test_acc", "val_loss"], "measured on test data"),
        ("Goal: maximize `val_loss`.", ["val_loss"], "its name says otherwise"),
        ("Minimize `a_one`.\n\nMaximize `b_two`.", ["a_one", "b_two"], "said in two ways"),
        ("Minimize `energy`. Maximize `energy`.", ["energy"], "another line says otherwise"),
        ("The goal: maximize `val_sharpe`.", ["val_loss"], "no line of its scripts that begins with 'val_sharpe:'"),
    ],
)
def test_what_could_be_otherwise_is_refused(tmp_path: Path, program: str, printed: list[str], error: str) -> None:
    script = "X = 1\n" + "".join(f"print('{name}: 1')\n" for name in printed)
    folder = checkout(tmp_path / "c", script, **{"program.md": program})
    with pytest.raises(OrgoptError, match=error):
        load_task(str(folder))


def test_task_toml_counts_before_documents(tmp_path: Path) -> None:
    script = "X = 1\nprint('test_acc: 1')\nprint('val_loss: 1')\n"
    toml = "kind = 'script'\nmetric = 'test_acc'\ndirection = 'up'\n"
    folder = checkout(tmp_path / "c", script, **{"program.md": "Goal: minimize val_loss.", "task.toml": toml})
    assert load_task(str(folder)).metric == "-test_acc"


@pytest.mark.parametrize(
    ("name", "up"),
    [
        *[(name, False) for name in ("val_bpb", "valLoss", "error_rate", "brier_score", "log_loss", "final/val-mse")],
        *[(name, True) for name in ("top1_acc", "val_f1_score", "roc_auc", "total_pnl", "R2", "best_val_accuracy")],
        *[(name, None) for name in ("win_loss_ratio", "loss_reduction", "neg_mse", "accuracy_drop", "loss_score", "x")],
    ],
)
def test_only_a_name_that_is_understood_whole_says_a_direction(name: str, up: bool | None) -> None:
    assert direction(name) is up


# Constants


def knobs(tmp_path: Path, script: str, prepare: str = "pass\n") -> dict[str, str]:
    task = load_task(str(checkout(tmp_path / "c", f"{script}\nprint('val_loss: 1')\nKEPT = 1.5\n", prepare)))
    return {knob.name: knob.range for knob in task.knobs if knob.name != "KEPT"}


@pytest.mark.parametrize(
    "line",
    [
        *("SEED = 42", "RANDOM_STATE = 1", "TORCH_SEED = 3", "NP_RANDOM_STATE = 3"),
        *("VAL_FRACTION = 0.1", "TEST_DAYS = 30", "WALK_FORWARD_WINDOWS = 4", "EVAL_ITERS = 20", "N_FOLDS = 5"),
        *("EVAL_TOKENS = 4096", "TRAIN_RATIO = 0.8", "TRAIN_FRACTION = 0.8", "HOLDOUT_SIZE = 100", "CV_SPLITS = 3"),
        *("FEE_BPS = 1.0", "INITIAL_CAPITAL = 10000", "FORECAST_HORIZON = 24", "USE_TEST = True"),
        *("NUM_CLASSES = 10", "VOCAB_SIZE = 65", "IMG_SIZE = 28", "INPUT_DIM = 784", "IN_CHANNELS = 3"),
        *(
            "PORT = 8080",
            "VERSION = 3",
            "NUM_WORKERS = 4",
            "LOG_EVERY = 10",
            "SAVE_CHECKPOINT = True",
            "PAD_TOKEN_ID = 7",
        ),
        *("MAX_MINUTES = 5", "TIMEOUT_S = 9", "DEVICE = 'cpu'\nif DEVICE == 'cuda': pass"),
        *("CONTEXT = 8\nWindows(x, split='val', length=CONTEXT)",),
        *("GAP = 3\nfrom sklearn.model_selection import TimeSeriesSplit\nTimeSeriesSplit(gap=GAP)",),
    ],
)
def test_what_defines_the_evaluation_or_is_given_is_no_knob(tmp_path: Path, line: str) -> None:
    assert knobs(tmp_path, line) == {}


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("DROPOUT = 0.3", "0.15 … 0.6"),
        ("DROPOUT = 0.9", "0.6 … 0.95"),
        ("BETA2 = 0.999", "0.996 … 0.9995"),
        ("MOMENTUM = 0.9", "0.6 … 0.95"),
        ("SUBSAMPLE = 1.0", "0.5 … 1"),
        ("LR_DECAY = 0.97", "0.88 … 0.985"),
        ("EMBEDDING_LR = 0.6", "0.15 … 2.4 (log)"),
        ("WEIGHT_DECAY = 0.2", "0.05 … 0.8 (log)"),
        ("UNHEARD_OF = 0.4", "0.1 … 0.7 (log)"),
        ("BATCH_SIZE = 64", "16 | 32 | 64 | 128"),
        ("N_EMBD = 384", "96 | 192 | 384 | 768"),
        ("HIDDEN = 100", "100 | 200"),
        ("N_HEAD = 6", "3 | 6 | 12"),
        ("N_LAYER = 6", "3 … 12"),
        ("KERNEL_SIZE = 3", "1 | 3 | 5 | 7"),
        ("N_ESTIMATORS = 200", "50 … 400 (log)"),
        ("PATCH_SIZE = 16", "4 | 8 | 16"),
        ("MAX_FEATURES = 50000", "12500 … 100000 (log)"),
        ("LABEL_SMOOTHING = 0.1", "0.05 … 0.2"),
        ("CONV_CHANNELS = 64", "16 | 32 | 64 | 128"),
    ],
)
def test_ranges_follow_from_the_kind_of_a_constant(tmp_path: Path, line: str, shown: str) -> None:
    (found,) = knobs(tmp_path, line).values()
    assert found == shown


def test_conditions_narrow_choices_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prepare", SimpleNamespace(SEQ=512))
    script = """
from prepare import SEQ
DEPTH = 4
ASPECT_RATIO = 64
HEAD_DIM = 32
TOTAL_BATCH_SIZE = 2**15
DEVICE_BATCH_SIZE = 32
WIDTH = 96
HEADS = 6
tokens = DEVICE_BATCH_SIZE * SEQ
assert TOTAL_BATCH_SIZE % tokens == 0 and tokens > 0
class Net:
    def __init__(self, depth, width):
        self.width = width
        assert (depth * ASPECT_RATIO) % HEAD_DIM == 0
        if self.width % HEADS != 0:
            raise ValueError("no")
Net(DEPTH, width=WIDTH)
"""
    task = load_task(str(checkout(tmp_path / "c", f"{script}\nprint('val_loss: 1')\n", "SEQ = 512\n")))
    names = [knob.name for knob in task.knobs]
    assert set(names) >= {"DEPTH", "HEAD_DIM", "DEVICE_BATCH_SIZE", "WIDTH"}
    rng = random.Random(0)
    for _ in range(300):  # no combination is refused
        values = {knob.name: knob.at(rng.random()) for knob in task.knobs}
        exec(compile(task.script_with(values), "train.py", "exec"), {"print": lambda *_: None})


def test_a_marked_seed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"train.py:1: SEED is a seed, and no knob.*ORGOPT_SEED"):
        parse_knobs("SEED = 1337  # knob: int 1..9999\n")
    assert parse_knobs("SEEDLINGS = 3  # knob: int 1..9\n")


def test_a_checkout_without_knobs_says_what_was_left_out(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "c", "N_FOLDS = 5\nVOCAB_SIZE = 3\nprint('val_loss: 1')\n")
    with pytest.raises(TaskError, match=r"no knobs.*N_FOLDS \(defines what is measured\), VOCAB_SIZE \(given by"):
        load_task(str(folder))


# Seeds


def notes(script: str, *fixed: str) -> list[str]:
    return list(seeded(script, [ast.parse(text) for text in (script, *fixed)], "train.py").notes)


@pytest.mark.parametrize(
    "line",
    [
        *("SEED = 42", "seed: int = 7", "torch.manual_seed(42)", "torch.cuda.manual_seed_all(1)", "np.random.seed(0)"),
        *("rng = np.random.default_rng(1337)", "random.seed(3)", "mx.random.seed(42)", "tf.random.set_seed(1)"),
        *("model = Forest(n=3, random_state=42)", "key = jax.random.PRNGKey(0)", "params = {'lr': 1, 'seed': 42}"),
        *("parser.add_argument('--seed', type=int, default=42)", "def train(n, seed=42): pass", "seed_everything(5)"),
        *("SEED = int(os.environ.get('SEED', 42))", "SEEDS = [1, 2, 3]", "g = torch.Generator().manual_seed(3)"),
        *("seed = int(sys.argv[1]) if sys.argv[1:] else 42",),
    ],
)
def test_seeds_of_training_are_set(line: str) -> None:
    assert notes(line) == [f"train.py:1: {line} (set from ORGOPT_SEED)"]
    tree = ast.parse(seeded(line, [ast.parse(line)], "train.py").source)
    assert "ORGOPT_SEED" in ast.unparse(tree)


@pytest.mark.parametrize(
    "line",
    [
        *("a, b = train_test_split(x, random_state=42)", "cv = StratifiedKFold(5, shuffle=True, random_state=0)"),
        *("x = make_split(seed=3)", "d = load_data(seed=7)", "def make_data(seed=42): pass"),
        *(
            "a, b = random_split(d, [8, 2], generator=torch.Generator().manual_seed(42))",
            "d = d.sample(frac=1, random_state=1)",
        ),
        *("evaluate(model, seed=3)", "rng = np.random.default_rng(0); perm = rng.permutation(9); val_idx = perm[:3]"),
        *("np.random.seed(0); X = np.random.randn(9, 3)", "random.seed(0); random.shuffle(rows); test_rows = rows[:3]"),
        *(
            "torch.manual_seed(0); p = torch.randperm(9); X_val = d[p[:3]]",
            "np.random.seed(0); a, b = train_test_split(d)",
        ),
        *("def evaluate(env):\n    env.reset(seed=42)", "np.random.seed(1); X, y = make_moons(100)"),
        *("SEED = 42; train_test_split(x, random_state=SEED)", "rng = random.Random(1); val = rng.sample(rows, 3)"),
    ],
)
def test_seeds_of_data_and_evaluation_are_left(line: str) -> None:
    found = seeded(line, [ast.parse(line)], "train.py")
    assert found.source == line
    assert found.notes
    assert all("(left, " in note for note in found.notes)


def test_a_seed_that_serves_both_is_set_where_it_serves_training() -> None:
    script = (
        "SEED = 42\ntrain_test_split(d, random_state=SEED)\ntorch.manual_seed(SEED)\nm = Forest(random_state=SEED)\n"
    )
    lines = seeded(script, [ast.parse(script)], "train.py").source.splitlines()
    assert [line for line in lines if "ORGOPT_SEED" in line] == lines[2:]
    known = seeded("fit(random_state=RS)\n", [ast.parse("fit(random_state=RS)\n"), ast.parse("RS = 1\n")], "train.py")
    assert "ORGOPT_SEED" not in known.source  # RS is no name of a seed
    named = "from prepare import RANDOM_SEED\nfit(random_state=RANDOM_SEED)\n"
    assert "ORGOPT_SEED" in seeded(named, [ast.parse(named), ast.parse("RANDOM_SEED = 1\n")], "train.py").source
    assert "ORGOPT_SEED" not in seeded(named, [ast.parse(named), ast.parse("RANDOM_SEED = None\n")], "train.py").source


def test_a_generator_that_the_fixed_files_draw_from_is_left(tmp_path: Path) -> None:
    batches = "import numpy as np\ndef batch(): return np.random.randint(9)\n"
    assert "(left, the fixed files draw from it, too)" in notes("np.random.seed(3)", batches)[0]
    assert "(set" in notes("torch.manual_seed(3)", batches)[0]
    folder = checkout(tmp_path / "c", "X = 1\nnp.random.seed(3)\nprint('val_loss: 1')\n", **{"lib/dataset.py": batches})
    assert "(left, the fixed files draw from it, too)" in load_task(str(folder)).seeds[0]
    own = "import numpy as np\nnp.random.seed(1)\nx = np.random.rand()\n"
    assert "(set" in notes("np.random.seed(3)", own)[0]


def test_a_script_that_reads_the_seed_itself_is_left() -> None:
    script = "import os\nSEED = int(os.environ['ORGOPT_SEED'])\nnp.random.seed(3)\n"
    assert seeded(script, [ast.parse(script)], "train.py").source == script


@given(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1))
def test_a_moved_seed_is_another_and_unset_the_same(given_seed: int, seed: int) -> None:
    script = f"SEED = {given_seed}\n"
    moved = seeded(script, [ast.parse(script)], "train.py").source
    found: dict[str, int] = {}
    for value in (None, str(seed)):
        os.environ.pop("ORGOPT_SEED", None)
        if value is not None:
            os.environ["ORGOPT_SEED"] = value
        space: dict[str, int] = {}
        exec(moved, space)
        found[str(value)] = space["SEED"]
    os.environ.pop("ORGOPT_SEED", None)
    assert found["None"] == given_seed
    assert 0 <= found[str(seed)] < 2**31
    assert (found[str(seed)] == given_seed) == (seed == 0)


@BOTH
def test_experiments_draw_by_their_seeds(tmp_path: Path, kind: Sandbox) -> None:
    script = "import random\nX = 1\nrandom.seed(1337)\nprint('val_loss:', random.random())\n"
    first, second, again = outcomes(load_task(str(checkout(tmp_path / "c", script))), (1, 2, 1), kind)
    assert first.metric != second.metric
    assert first.metric == again.metric


# Baselines


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        *[(name, True) for name in ("model.py", "lib/layers.py", "data/train.csv", "config.yaml", "weights.bin")],
        *[(name, False) for name in (".git/HEAD", "results.tsv", "logs/a.txt", "run.log", "__pycache__/a.pyc")],
    ],
)
def test_a_baseline_depends_on_all_that_a_script_can_read(tmp_path: Path, name: str, counts: bool) -> None:
    folder = checkout(tmp_path / "c", "X = 1\nprint('val_loss: 1')\n")
    digests = [load_task(str(folder)).digest]
    for text in ("one", "two"):  # of the same size
        checkout(folder, "X = 1\nprint('val_loss: 1')\n", **{name: text})
        digests.append(load_task(str(folder)).digest)
    assert len(set(digests)) == (3 if counts else 1)


def test_an_old_baseline_does_not_stay(tmp_path: Path) -> None:
    folder = checkout(
        tmp_path / "c", "from model import f\nX = 1\nprint('val_loss:', f(X))\n", **{"model.py": "f = abs"}
    )
    task, kept = load_task(str(folder)), tmp_path / "mlruns" / "calibrations"
    kept.mkdir(parents=True)
    measure = {"metric": 1.0, "heldout": 1.0, "sd": 0.1, "seeds": 3}
    digest = contents_digest(())
    (kept / f"c-{task.digest}-{digest[:12]}.json").write_text(json.dumps(measure))
    assert kept_baseline(task, tmp_path).baseline == Measure(**measure)
    (folder / "model.py").write_text("f = int")
    assert not kept_baseline(load_task(str(folder)), tmp_path).measured


def test_large_data_are_sampled(tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(bytes(5_000_000))
    before = contents_digest([tmp_path])
    os.utime(big, (1, 1))
    assert contents_digest([tmp_path]) == before
    for place in (0, 4_999_999):
        raw = bytearray(5_000_000)
        raw[place] = 1
        big.write_bytes(raw)
        assert contents_digest([tmp_path]) != before


@needs_sandbox
def test_a_module_that_changes_while_a_lab_runs_ends_it(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "c", "X = 1\nprint('val_loss: 1')\n", **{"lib/model.py": "pass"})
    task = load_task(str(folder))
    with LocalLab(task, 1) as lab:
        lab.reset()
        (folder / "lib" / "model.py").write_text("other")
        lab.submit(Experiment(id=1, settings={}, seed=1))
        with pytest.raises(OrgoptError, match=r"model.py of c changed while its lab ran"):
            lab.wait(lab.now() + 30)


# Checkouts as people have them

READS = """
from pathlib import Path
import lib.model
X = 1
here = Path(__file__).resolve().parent
rows = open("data/train.csv").read().split() + (here / "data" / "train.csv").read_text().split()
large = len(open("big.bin", "rb").read())
Path("data/cache.txt").write_text("made")
Path("notes.txt").write_text("changed")
cache = Path("~/.cache/mine").expanduser()
cache.mkdir(parents=True, exist_ok=True)
(cache / "x").write_text("y")
Path("out").mkdir(exist_ok=True)
print("val_loss:", len(rows) + large / 1e6)
"""


@BOTH
def test_data_lie_beside_the_script(tmp_path: Path, kind: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    others = {"data/train.csv": "1 2 3", "notes.txt": "mine", "lib/model.py": "", "big.bin": "x" * 100_000}
    folder = checkout(tmp_path / "c", READS, **others)
    (found,) = outcomes(load_task(str(folder)), kind=kind)
    assert (found.status, found.metric, found.error) == (Status.OK, 6.1, "")
    assert (folder / "notes.txt").read_text() == "mine"
    assert {path.name for path in folder.iterdir()} <= {"train.py", "prepare.py", "data", "notes.txt", "lib", "big.bin"}
    assert not (folder / "data" / "cache.txt").exists()


def test_small_files_are_copies_and_the_rest_links(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "c", "pass", **{"a/b.txt": "small", "large.bin": "x" * 100_000})
    work = tmp_path / "work"
    work.mkdir()
    (work / "train.py").write_text("the experiment's")
    checkout_files.lay(folder, ["a/b.txt", "large.bin", "train.py"], work)
    assert not (work / "a" / "b.txt").is_symlink()
    assert (work / "large.bin").is_symlink()
    assert (work / "train.py").read_text() == "the experiment's"


@pytest.mark.sweep(2)
@BOTH
@pytest.mark.parametrize("gb", [0.25, 0.05])
def test_a_checkpoint_fits_its_disk(tmp_path: Path, kind: Sandbox, gb: float) -> None:
    script = "X = 1\nopen('model.pt', 'wb').truncate(0)\nwith open('model.pt', 'wb') as f:\n"
    script += "    for _ in range(80): f.write(bytes(2**20))\nprint('val_loss: 1')\n"
    toml = f"kind = 'script'\n[limits]\ndisk_gb = {gb}\n"
    (found,) = outcomes(load_task(str(checkout(tmp_path / "c", script, **{"task.toml": toml}))), kind=kind)
    assert (found.status is Status.OK) == (gb > 0.08)


def test_a_metric_before_much_else_counts() -> None:
    assert printed_metric(b"val_loss: 0.5\n" + b"tear-down of a worker\n" * 4000, "val_loss") == 0.5


@BOTH
def test_a_metric_before_12_kb_of_tear_down_is_taken(tmp_path: Path, kind: Sandbox) -> None:
    script = "X = 1\nprint('val_loss: 1e-07')\nprint('closing down\\n' * 1500)\n"
    (found,) = outcomes(load_task(str(checkout(tmp_path / "c", script))), kind=kind)
    assert (found.status, found.metric) == (Status.OK, 1e-07)


@BOTH
@pytest.mark.parametrize("encoding", ["utf-8-sig", "latin-1", "cp1252"])
def test_sources_in_other_encodings(tmp_path: Path, kind: Sandbox, encoding: str) -> None:
    cookie = "" if encoding == "utf-8-sig" else f"# -*- coding: {encoding} -*-\n"
    text = f"{cookie}LR = 0.5  # größe\nWORD = 'é'\nprint('val_loss:', LR + len(WORD))\n"
    folder = checkout(tmp_path / "c", "")
    (folder / "train.py").write_bytes(text.replace("\n", "\r\n").encode(encoding))
    (folder / "prepare.py").write_bytes(f"{cookie}NAME = 'ü'\n".encode(encoding))
    task = load_task(str(folder))
    assert [knob.name for knob in task.knobs] == ["LR"]
    assert "größe" in task.source
    (found,) = outcomes(task, kind=kind)
    assert (found.status, found.metric) == (Status.OK, 1.5)


@pytest.mark.parametrize("raw", [b"# coding: nowhere\nX = 1\n", b"X = '\xff'\n", b"X = 1\x00\n"])
def test_sources_that_are_no_text_are_refused_in_a_line(tmp_path: Path, raw: bytes) -> None:
    folder = checkout(tmp_path / "c", "")
    (folder / "train.py").write_bytes(raw)
    with pytest.raises(TaskError, match=r"train.py"):
        load_task(str(folder))
    assert read(folder / "prepare.py") == "TIME_BUDGET = 0.05\n"


def environment(folder: Path, version: str = "") -> Path:
    """A virtual environment as `python -m venv --without-pip` makes one, of this Python."""
    version = version or ".".join(map(str, sys.version_info[:3]))
    (folder / "bin").mkdir(parents=True)
    packages = folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "only_here.py").write_text("LOSS = 0.25\n")
    base = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    (folder / "pyvenv.cfg").write_text(f"home = {base.parent}\nversion = {version}\n")
    (folder / "bin" / "python").symlink_to(base)
    return folder


@BOTH
@pytest.mark.parametrize("where", ["task.toml", "orgopt.toml"])
def test_a_task_runs_in_a_python_of_its_own(tmp_path: Path, kind: Sandbox, where: str) -> None:
    environment(tmp_path / "c" / ".venv")
    folder = checkout(tmp_path / "c", "from only_here import LOSS\nX = 1\nprint('val_loss:', LOSS)\n")
    if where == "task.toml":
        (folder / where).write_text("kind = 'script'\npython = '.venv/bin/python'\n")
    else:
        (tmp_path / where).write_text("[tasks.c]\npython = 'c/.venv/bin/python'\n")
    task = load_task(str(folder), tmp_path)
    assert task.python == str(folder / ".venv" / "bin" / "python")
    (found,) = outcomes(task, kind=kind)
    assert (found.status, found.metric, found.error) == (Status.OK, 0.25, "")


def test_a_python_opens_no_other_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    secret = environment(home / "private")  # its link leads to a real Python
    monkeypatch.setenv("HOME", str(home))
    (secret / "pyvenv.cfg").write_text(f"home = {home / 'other' / 'bin'}\n")
    (home / "other" / "bin").mkdir(parents=True)
    found = interpreter_folders(str(secret / "bin" / "python"))
    assert str(secret) in found
    assert not [one for one in found if one in {"/", str(home), str(home / "other")}]
    (home / "bin").mkdir()
    (home / "bin" / "python").symlink_to(secret / "bin" / "python")
    assert str(home) not in interpreter_folders(str(home / "bin" / "python"))
    for named in ("/bin/sh", "../home/private/bin/python"):
        toml = f"kind = 'script'\npython = '{named}'\n"
        folder = checkout(tmp_path / "c", "X = 1\nprint('val_loss: 1')\n", **{"task.toml": toml})
        with pytest.raises(TaskError, match=r"outside of the folder.*orgopt.toml.*\[tasks\.\"c\"\]"):
            load_task(str(folder))


def test_a_python_that_is_not_there_or_too_old(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"python = 'no/python': there is no .*/no/python"):
        interpreter(tmp_path, "no/python", "here: python")
    old = environment(tmp_path / "old", "3.9.2")
    with pytest.raises(TaskError, match=r"is Python 3\.9\.2: experiments need 3\.10 or newer"):
        interpreter(tmp_path, "old/bin/python", "here: python")
    assert str(old) in interpreter_folders(str(old / "bin" / "python"))


def test_small_metrics_are_shown_with_their_digits() -> None:
    ledger = Ledger()
    ledger.add("start", 0.0, commit="abc", baseline=1e-07)
    assert results_tsv(ledger, "val_loss").splitlines()[1].split("\t")[:2] == ["abc", "1e-07"]
    assert [metric_text(value) for value in (1e-07, -2.5e-5, 0.1541, 3.0, 0.0)] == [
        *("1e-07", "-2.5e-05", "0.154", "3.000", "0.000"),
    ]
