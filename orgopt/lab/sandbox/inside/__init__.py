"""What runs inside the sandbox: the warm process, its supervisors and the judge. The standard library alone.

The sandbox sees this folder and nothing else of orgopt. The processes:

    dispatcher  talks to the lab; has the scripts and results of all experiments, and forks none of them
    judge       has the data that counts; computes metrics, each in a fork; never runs an experiment's code
    warm        has the task's imports and shared data loaded, and forks all supervisors; hears nothing of an experiment
    supervisor  one for each part of an experiment: isolates it, bounds it, ends it, takes what it left as data
    experiment  code that nobody trusts
"""
