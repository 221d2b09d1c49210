#!/bin/bash
# A plain list of machines, one a line in machines.txt, the first of them the head; ssh needs no password, and each has
# orgopt[ray] in ~/orgopt-venv. Ends what it started.
set -euo pipefail
mapfile -t machines < machines.txt
head=${machines[0]}
stop() { for machine in "${machines[@]}"; do ssh "$machine" '~/orgopt-venv/bin/ray stop' || true; done; }
trap stop EXIT
ssh "$head" '~/orgopt-venv/bin/ray start --head --port 6379'
for machine in "${machines[@]:1}"; do ssh "$machine" "~/orgopt-venv/bin/ray start --address $head:6379"; done
ssh "$head" 'cd ~/workspace && ~/orgopt-venv/bin/orgopt run program.md --task ./my-task --budget 2h --lab ray --address auto --slots 32'
