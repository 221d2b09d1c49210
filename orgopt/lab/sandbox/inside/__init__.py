"""What runs inside the sandbox: the warm process, its supervisors and the judge. The standard library alone.

The sandbox sees this folder and nothing else of orgopt. The processes:

    warm        has the task's imports loaded, and forks all others; holds no held-out data
    judge       has the data that counts; computes metrics, each in a fork; never runs an experiment's code
    supervisor  one for each part of an experiment: isolates it, bounds it, ends it, takes what it left as data
    experiment  code that nobody trusts
"""
