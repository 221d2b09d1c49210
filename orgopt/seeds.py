"""Named streams of randomness: whatever orgopt draws is drawn from one of these, and no two of them meet.

A stream is named for what it decides. Its name, the number of its keys and the keys themselves are hashed together, so
that the keys of one stream can neither be those of another nor the beginning of longer ones. Covers which seed is used
for what; what is drawn with it stands where it is drawn, and what a fixed computation resamples has its own constant.
"""

import hashlib
from enum import StrEnum

import numpy as np

VERSION = 2
"""Of the streams: a study or a contest that was made with others is read, and not continued."""


class Stream(StrEnum):
    """What a seed decides. The keys that each takes stand beside it."""

    # Runs of a study, by the study's seed and k; of the search with feedback, by the entrant's too.
    SEARCH = "search"
    RACE = "race"
    TEST = "test"  # ablations, too, which are compared with the champion on its seeds
    HELD_OUT = "held-out"
    REAL = "real"
    REWRITE = "rewrite"
    CONTEST = "contest"  # by the contest's seed and k

    # Within a run, by the run's seed.
    EXPERIMENT = "experiment"  # and its number
    VERIFY = "verify"  # and the experiment's number and k; alone or with the first of later rounds, the order in pairs
    AGENT = "agent"  # and its number
    LINK = "link"  # and its number
    PLAIN_SAMPLER = "plain-sampler"

    # Proposals of a study, by its seed.
    PROPOSAL = "proposal"  # the candidate's index and the attempt
    SAMPLER = "sampler"  # which of several proposes: the candidate's index
    ADOPTED = "adopted"  # the candidate's index
    SCREENED = "screened"  # whether a model proposes: the candidate's index
    SCREEN = "screen"  # what it proposes: the candidate's index
    CROSSED = "crossed"  # whether two candidates are crossed: the candidate's index
    CROSS = "cross"  # which, and what of them: the candidate's index
    RANDOM_DOCUMENTS = "random-documents"
    SHUFFLED_LINKS = "shuffled-links"

    # Of a board, by the secret of a test and the digest of the claim.
    BOARD = "board"  # and the round
    RECHECK = "recheck"  # whether an accepted claim is verified again
    ORDER = "order"  # and the round: which of its runs goes first

    # Of the task search, by the seed of a run.
    PROBLEM = "problem"  # which document and worlds a search is given
    FRESH = "fresh"  # and k: with what its picks are run again

    CALIBRATE = "calibrate"  # by k
    RECORD = "record"  # by the recording's seed, the setting's number and k
    NEAR = "near"  # by the recording's seed and the setting's number
    SEEK = "seek"  # by the first row
    SOUGHT = "sought"  # by the first row and k


def derive(stream: Stream, *keys: int) -> int:
    """A seed of a stream: 31 bits, which whatever takes seeds can take."""
    return int.from_bytes(entropy(stream, *keys)[:4]) >> 1


def generator(stream: Stream, *keys: int) -> np.random.Generator:
    """A generator of a stream."""
    return np.random.default_rng(int.from_bytes(entropy(stream, *keys)[:16]))


def entropy(stream: Stream, *keys: int) -> bytes:
    """What tells the seeds of a stream and its keys from all others: 32 bytes."""
    return hashlib.sha256("/".join([stream, str(len(keys)), *map(str, keys)]).encode()).digest()
