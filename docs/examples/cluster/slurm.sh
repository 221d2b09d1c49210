#!/bin/bash
#SBATCH --job-name=orgopt
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --time=08:00:00

# One Ray cluster over the nodes of the job; the command runs on the first, and the cluster ends with it.
set -euo pipefail
source "${ORGOPT_VENV:?the virtual environment with orgopt[ray], on a file system that all nodes see}/bin/activate"
head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)

srun ray symmetric-run --address "$head:6379" --min-nodes "$SLURM_JOB_NUM_NODES" --num-cpus "$SLURM_CPUS_PER_TASK" -- \
  orgopt run program.md --task ./my-task --budget 2h --lab ray --address "$head:6379" \
  --slots "$((SLURM_JOB_NUM_NODES * SLURM_CPUS_PER_TASK))"
