"""Removing a study from MLflow: its runs, traces, views and prompt, as far as they are its own."""

from pathlib import Path

from orgopt.errors import StoreError
from orgopt.study.view import load_study
from orgopt.tracking.backend.store import connect
from orgopt.tracking.names import STUDY, prompt_name, study_id
from orgopt.tracking.prompts import Prompt
from orgopt.tracking.shown.chart_views import keys
from orgopt.tracking.shown.saved_view import PREFIX

_PAGE = 500


def forget(workspace: Path, folder: Path) -> int:
    """Delete what MLflow has of the study in a folder; returns how many runs that were.

    MLflow keeps deleted runs until `mlflow gc`, and can restore them.

    Raises:
        StoreError: MLflow does not do it; what was deleted before stays so.
    """
    head = load_study(folder).head
    wanted, deleted = f"tags.`{STUDY.name}` = '{study_id(head)}'", 0
    try:
        client = connect(workspace)
        found = client.search_experiments()
        experiments = [one.experiment_id for one in found]
        while page := client.search_runs(experiments, wanted, max_results=_PAGE):
            for run in page:
                client.delete_run(run.info.run_id)
                deleted += 1
        for one in found:
            for tag in {f"{PREFIX}{key}" for key in keys(study_id(head))} & one.tags.keys():
                client.delete_experiment_tag(one.experiment_id, tag)
        prompt = Prompt(client, prompt_name(head.name), study_id(head)).name
        for version in client.search_prompt_versions(prompt) if client.get_prompt(prompt) else ():
            client.delete_prompt_version(prompt, str(version.version))
        if client.get_prompt(prompt):
            client.delete_prompt(prompt)
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001  MLflow raises what its databases and servers raise
        what = str(error).partition("\n")[0]
        raise StoreError(f"MLflow did not delete all of {head.name}: {what}; the same command goes on") from None
    return deleted
