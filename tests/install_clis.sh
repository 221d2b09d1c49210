#!/bin/bash
# Installs the coding CLIs of docs/how-to/command-agents.md from their registries into one folder: tests/install_clis.sh FOLDER
# aider and mini-swe-agent have a venv each, since their requirements differ; the others need node 20 and npm.
# `FOLDER/bin` has a link to each program that could be installed. Versions are those that the presets were run with.
set -uo pipefail
FOLDER=$(mkdir -p "$1" && cd "$1" && pwd)
PYTHON=${PYTHON:-python3}
mkdir -p "$FOLDER/bin"
venv() { # NAME REQUIREMENT PROGRAM
  [ -x "$FOLDER/$1/bin/$3" ] || { "$PYTHON" -m venv "$FOLDER/$1" && "$FOLDER/$1/bin/pip" install -q "$2"; }
  [ -x "$FOLDER/$1/bin/$3" ] && ln -sfn "$FOLDER/$1/bin/$3" "$FOLDER/bin/$3"
}
venv aider aider-chat==0.86.2 aider || echo "aider could not be installed"
venv mini mini-swe-agent==2.4.6 mini || echo "mini-swe-agent could not be installed"
if command -v npm >/dev/null; then
  npm install --no-audit --no-fund --prefix "$FOLDER" @anthropic-ai/claude-code@2.1.197 @openai/codex@0.171.0 \
    @google/gemini-cli@0.61.0 @qwen-code/qwen-code@0.15.10 opencode-ai@1.18.33 || echo "npm could not install them"
  # Some npm versions run no scripts of packages: these two fetch the program itself.
  for script in @anthropic-ai/claude-code/install.cjs opencode-ai/postinstall.mjs; do
    (cd "$FOLDER/node_modules/$(dirname $script)" && node "$(basename $script)") || echo "$script failed"
  done
  for name in claude codex gemini qwen opencode; do
    [ -e "$FOLDER/node_modules/.bin/$name" ] && ln -sfn "$FOLDER/node_modules/.bin/$name" "$FOLDER/bin/$name"
  done
else
  echo "there is no npm here: apt-get install nodejs npm, or https://nodejs.org; claude, codex, gemini, qwen and opencode need it"
fi
ls "$FOLDER/bin"
