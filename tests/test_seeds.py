"""Named streams of randomness: no two meet, and nothing else draws a seed."""

import re
from itertools import product
from pathlib import Path

import pytest

from orgopt.errors import UsageError
from orgopt.seeds import Stream, derive, entropy, generator
from orgopt.study.folder import Folder
from orgopt.study.verdict.study import ending
from orgopt.study.view import load_study
from tests.conftest import ROOT

OLD = ROOT / "tests" / "data" / "study-0.1.0"


def test_no_two_streams_meet() -> None:
    """Over a wide grid of keys of any length, zeros included, whose trailing ones SeedSequence leaves out."""
    values = (0, 1, 2, 5, 6, 7, 1_000_003, 2**31 - 1, 2**32)
    keys = [key for length in range(4) for key in product(values, repeat=length)]
    found = {entropy(stream, *key) for stream in Stream for key in keys}
    assert len(found) == len(Stream) * len(keys)


def test_keys_that_were_one_are_apart() -> None:
    assert len({derive(Stream.EXPERIMENT, *key) for key in [(0, 5), (0, 5, 0), (0, 5, 0, 0), (5, 0)]}) == 4
    assert derive(Stream.CONTEST, 0, 3) != derive(Stream.REWRITE, 0, 3)
    assert not {derive(Stream.VERIFY, 0, 1, k) for k in range(50)} & {derive(Stream.CALIBRATE, k) for k in range(50)}


def test_seeds_repeat_and_are_31_bits_that_look_drawn() -> None:
    seeds = [derive(Stream.TEST, 7, k) for k in range(4000)]
    assert seeds == [derive(Stream.TEST, 7, k) for k in range(4000)]
    assert len(set(seeds)) == len(seeds)
    assert 0 <= min(seeds) < 2**22
    assert 2**31 - 2**22 < max(seeds) < 2**31
    assert abs(sum(seed % 2 for seed in seeds) - 2000) < 200
    first, again = generator(Stream.AGENT, 1, 2), generator(Stream.AGENT, 1, 2)
    assert first.random() == again.random() != generator(Stream.AGENT, 1, 3).random()


def test_nothing_else_draws_seeds() -> None:
    """A generator with keys of its own, or NumPy's way of deriving seeds, stands in no other module."""
    own = re.compile(r"SeedSequence\(|default_rng\(\[|generate_state")
    for path in (ROOT / "orgopt").rglob("*.py"):
        assert path.name == "seeds.py" or not own.search(path.read_text("utf-8")), path


def test_a_study_of_other_seeds_is_read_and_says_so(tmp_path: Path) -> None:
    view = load_study(OLD)
    assert "Made with the seeds of orgopt 0.1.0: it can be read, and not continued." in ending(view).notes
    (tmp_path / "study.jsonl").write_bytes((OLD / "study.jsonl").read_bytes())
    with (
        Folder(tmp_path, "study.jsonl", "study") as folder,
        pytest.raises(UsageError, match=r"was made with other seeds, by orgopt 0\.1\.0: it can be read, and not cont"),
    ):
        folder.require(view.head.settings)
