"""Whether a script runs on a GPU alone: it names one, and nothing to take in its place."""

import ast
import re
from collections.abc import Iterable, Iterator

_CUDA = re.compile(r"cuda(:\d+)?")
_OTHERS = re.compile(r"(cpu|mps|xpu)(:\d+)?")
_ASKED = {"set_device", "get_device_capability", "get_device_properties", "get_device_name", "Event", "Stream"}
"""What torch.cuda is asked that fails where there is none."""
_MODULES = {"cupy", "flash_attn", "pycuda", "triton"}


def needs_gpu(modules: Iterable[ast.Module]) -> bool:
    """Whether a script, with what it is fixed to, cannot run without a GPU.

    It does where it names CUDA and no other device, and does not decide by whether CUDA is there. In doubt it does not:
    a GPU that nobody needs would be kept from others.
    """
    nodes = [node for module in modules for node in ast.walk(module)]
    return any(map(_names_cuda, nodes)) and not any(map(_decides, nodes)) and not any(_other(nodes))


def _names_cuda(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(name.name.split(".")[0] in _MODULES for name in node.names)
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0] in _MODULES
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        own = node.func
        asked = own.attr in _ASKED and isinstance(own.value, ast.Attribute) and own.value.attr == "cuda"
        return own.attr == "cuda" or asked
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(_CUDA.fullmatch(node.value))


def _decides(node: ast.AST) -> bool:
    """Whether it goes another way where there is no GPU; what stops there is no other way."""
    if isinstance(node, ast.If):
        stops = len(node.body) == 1 and isinstance(node.body[0], ast.Raise) and not node.orelse
        return _asks(node.test) and not stops
    return isinstance(node, ast.IfExp) and _asks(node.test)


def _asks(test: ast.expr) -> bool:
    return any(isinstance(one, ast.Attribute) and one.attr == "is_available" for one in ast.walk(test))


def _other(nodes: Iterable[ast.AST]) -> Iterator[bool]:
    """Whether each text that names another device says where the script may run."""
    nodes = list(nodes)
    elsewhere = {id(value) for node in nodes for value in _places(node)}
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in elsewhere:
            yield bool(_OTHERS.fullmatch(node.value))


def _places(node: ast.AST) -> list[ast.expr]:
    """What says where one value is put, whatever the script runs on.

    Such as `x.to("cpu")`, `torch.zeros(3, device="cpu")`, and what a function takes where nothing is given.
    """
    if isinstance(node, ast.arguments):
        return [value for value in (*node.defaults, *node.kw_defaults) if value is not None]
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return []
    own, named = node.func, [word.value for word in node.keywords if word.arg in {"device", "map_location"}]
    if own.attr == "to":
        return [*node.args, *named]
    of_torch = isinstance(own.value, ast.Name) and own.value.id == "torch" and own.attr != "device"
    return named if of_torch else []
