def controls(kind, champion, space, seed):
    return []


def knock_outs(program):
    return []
