"""The relay: what a command asks a language model goes through orgopt, which has the key, the limits and the record."""
