"""Where MLflow keeps things: its store, the tables below it, and addresses of both."""
