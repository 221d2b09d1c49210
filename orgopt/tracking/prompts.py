"""The prompt registry: one prompt a study, whose versions are the seed document and the champion.

No candidates between them: MLflow compares a version with the one before, so that the champion is compared with the
seed document at a click.
"""

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from orgopt.basics.addresses import without_passwords
from orgopt.errors import UsageError
from orgopt.study.standing import Standing
from orgopt.study.view import CandidateView
from orgopt.study.wording import plain
from orgopt.tracking import names
from orgopt.tracking.backend.store import connect

if TYPE_CHECKING:
    from mlflow import MlflowClient

LONGEST = 100_000  # characters; MLflow refuses longer texts
PREFIX = "prompts:/"
_EXPERIMENTS = "_mlflow_experiment_ids"
_LINKING = "link_prompt_to_experiment_thread"
"""The tag by which MLflow lists a prompt among the pages of experiments."""
ALIASES = ("champion", "seed")


class Prompt:
    """The prompt of a study.

    Args:
        client: MLflow's.
        name: The prompt's; another is taken where it belongs to another study.
        study: The id of the study.
        experiment: MLflow's id of the experiment whose pages list it; empty for none.
    """

    def __init__(self, client: "MlflowClient", name: str, study: str, experiment: str = "") -> None:
        self.client, self.study, self.experiment = client, study, experiment
        former = names.former_prompt_name(name.removesuffix(".md"))
        owner = self._owner(name)
        if owner != study and self._owner(former) == study:
            name, owner = former, study
        self.name = name if owner in {None, study} else f"{study[:4]}-{name}"
        self._marked = owner == study
        self._aliases: dict[str, str] = {}  # as far as this process set them

    def _owner(self, name: str) -> str | None:
        """The id of the study that a prompt is of."""
        prompt = self.client.get_prompt(name)
        return (prompt.tags or {}).get(names.STUDY.name) if prompt else None

    def find(self) -> Iterator[tuple[str, str]]:
        """The key and the number of each version."""
        if self.client.get_prompt(self.name):
            for version in self.client.search_prompt_versions(self.name):
                if key := version.tags.get(names.KEY.name):
                    yield key, str(version.version)

    def register(self, key: str, candidate: CandidateView, parent: str, told: Mapping[str, str]) -> str:
        """Add a candidate as the next version; returns its number.

        Args:
            key: What it stands for in its study.
            candidate: The candidate.
            parent: The name of the one that it is a change of; empty for the seed document.
            told: Tags that lead the others, such as what the test said.
        """
        record = candidate.record
        tags = {
            **told,
            names.VERSION_CANDIDATE.name: candidate.name,
            names.VERSION_GENERATION.name: str(record.generation),
            **_standing(candidate.standing),
            names.KEY.name: key,
            names.STUDY.name: self.study,
        }
        of = f"{candidate.name}, changed from {parent}" if parent else candidate.name
        message = f"{of}: {', '.join(record.changes) or 'the seed document'}"[:1000]
        version = self.client.register_prompt(self.name, record.program, commit_message=message, tags={**tags}).version
        _linked()
        # MLflow gives the prompt the tags of its version, too; what belongs to the version alone is taken from it.
        for name in {*tags} - {*((names.STUDY.name,) if self._marked else ())}:
            self.client.delete_prompt_tag(self.name, name)
        if not self._marked:
            # Lists show the first tag of a prompt alone, by when they were set: the verdict, as soon as there is one.
            self.client.set_prompt_tag(self.name, names.PROMPT_CHAMPION.name, "running")
            self.client.set_prompt_tag(self.name, names.STUDY.name, self.study)
            if self.experiment:
                self.client.set_prompt_tag(self.name, _EXPERIMENTS, f",{self.experiment},")
            self._marked = True
        return str(version)

    def tell(self, told: Mapping[str, str]) -> None:
        """Tag the prompt, as lists of prompts show it."""
        for name, value in told.items():
            self.client.set_prompt_tag(self.name, name, value)

    def tag(self, version: str, tags: Mapping[str, str]) -> None:
        """Tag a version."""
        for name, value in tags.items():
            self.client.set_prompt_version_tag(self.name, version, name, value)

    def alias(self, alias: str, version: str) -> None:
        """Point an alias at a version."""
        if self._aliases.get(alias) != version:
            self.client.set_prompt_alias(self.name, alias, int(version))
            self._aliases[alias] = version


def _linked() -> None:
    """Wait for the thread in which MLflow says to which experiment a new version belongs.

    It writes a tag of the prompt, and fails, or has this process fail, where that tag is written here at the same time.
    """
    for thread in threading.enumerate():
        if thread.name.startswith(_LINKING):
            thread.join()


def load_prompt(workspace: Path, uri: str) -> str:
    """The text of a prompt such as `prompts:/NAME@champion` in the store of a workspace.

    Raises:
        UsageError: There is none, or it is no text.
        Exception: What MLflow raises on a store that it cannot open.
    """
    from mlflow.exceptions import MlflowException

    client = connect(workspace)
    try:
        found = client.load_prompt(uri, cache_ttl_seconds=0)
    except MlflowException as error:
        raise UsageError(f"{uri}: {without_passwords(str(error).splitlines()[0])}") from None
    if found is None or not isinstance(found.template, str):
        raise UsageError(f"{uri} is no document")
    return found.template


def load_version(workspace: Path, study: str, name: str) -> str | None:
    """The document of a study in the prompt registry, by its alias or its candidate's name; None where it is not.

    Raises:
        Exception: What MLflow raises on a store that it cannot open.
    """
    client = connect(workspace)
    known = [name(study) for name in (names.prompt_name, names.former_prompt_name)]
    prompt = next((name for name in known if client.get_prompt(name)), None)
    if prompt is None:
        return None
    if name in ALIASES:
        found = client.load_prompt(f"{PREFIX}{prompt}@{name}", allow_missing=True, cache_ttl_seconds=0)
    else:
        versions = client.search_prompt_versions(prompt)
        found = next((version for version in versions if version.tags.get(names.VERSION_CANDIDATE.name) == name), None)
    return found.template if found and isinstance(found.template, str) else None


def _standing(standing: Standing | None) -> dict[str, str]:
    return {names.VERSION_SCORE.name: plain(standing.value)} if standing else {}
