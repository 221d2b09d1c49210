"""Fixed situations that are put to a model: a unit test of the charters of a document, without a team run."""
