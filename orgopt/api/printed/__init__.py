"""The shapes of the JSON that commands print, a class each, from which `api.schemas` makes JSON Schemas."""
