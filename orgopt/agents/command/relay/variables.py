"""The variables that tell a coding CLI where to ask its model, and with which key: another CLI's belong here."""

VARIABLES = {
    "OPENAI_BASE_URL": "{relay}/v1",
    "OPENAI_API_BASE": "{relay}/v1",
    "OPENAI_API_KEY": "{relay_key}",
    "CODEX_API_KEY": "{relay_key}",
    "ANTHROPIC_BASE_URL": "{relay}",
    "ANTHROPIC_API_BASE": "{relay}",
    "ANTHROPIC_API_KEY": "{relay_key}",
    "GOOGLE_GEMINI_BASE_URL": "{relay}",
    "GEMINI_API_KEY": "{relay_key}",
    "GOOGLE_VERTEX_BASE_URL": "{relay}",
    "GOOGLE_API_KEY": "{relay_key}",
    "NO_PROXY": "127.0.0.1,localhost",
    "no_proxy": "127.0.0.1,localhost",
}
"""By name, what each is set to: `{relay}` is the address of the relay, `{relay_key}` the key that it wants."""
