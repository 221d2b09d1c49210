"""The feedback model of a study as a logged model of MLflow, with the digest of what it learned from."""

from pathlib import Path
from typing import TYPE_CHECKING

from orgopt.study.records.kinds import EnsembleRecord
from orgopt.tracking.names import KEY, STUDY, TRAINING_SET

if TYPE_CHECKING:
    from mlflow import MlflowClient

NAME = "feedback"
TYPE = "orgopt feedback ensemble"


def send(
    client: "MlflowClient", experiment: str, run_id: str, *, study: str, key: str, record: EnsembleRecord, path: Path
) -> str:
    """Log a model, or find it where it was logged before; returns its id.

    Args:
        client: MLflow's.
        experiment: Where it belongs.
        run_id: The study's run.
        study: The id of the study.
        key: What it stands for in its study.
        record: How good the model is, as the study's log has it.
        path: The file with its numbers.
    """
    for known in client.search_logged_models([experiment], f"name = '{NAME}'"):
        if (known.tags.get(STUDY.name), known.tags.get(KEY.name)) == (study, key):
            return known.model_id
    coverage = {f"coverage_{level}": str(share) for level, share in record.coverage.items()}
    model = client.create_logged_model(
        experiment,
        NAME,
        source_run_id=run_id,
        model_type=TYPE,
        tags={STUDY.name: study, KEY.name: key, TRAINING_SET.name: record.digest},
        params={"records": str(record.records), "spearman": str(record.spearman), **coverage},
    )
    client.log_model_artifact(model.model_id, str(path))
    client.finalize_logged_model(model.model_id, "READY")
    return model.model_id
