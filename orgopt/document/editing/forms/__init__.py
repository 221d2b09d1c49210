"""How each form of a document takes a key, a role and a link: as its author wrote those that it has."""
