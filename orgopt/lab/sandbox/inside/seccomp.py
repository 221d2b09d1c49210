"""A filter of system calls that an experiment has no use for: the ways to new rights, other processes and mounts.

It comes on top of the namespaces, and keeps much of the kernel out of reach. Elsewhere than on x86-64 and 64-bit ARM
there is none.
"""

import ctypes
import errno
import platform
import struct

_X86 = 0xC000003E
_ARM = 0xC00000B7
_DENIED = {  # name: (number on x86-64, on 64-bit ARM)
    "acct": (163, 89),
    "add_key": (248, 217),
    "bpf": (321, 280),
    "chroot": (161, 51),
    "delete_module": (176, 106),
    "finit_module": (313, 273),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "init_module": (175, 105),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438),
    "pivot_root": (155, 41),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "quotactl": (179, 60),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "setns": (308, 268),
    "swapon": (167, 224),
    "syslog": (103, 116),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
}
_CLONE, _CLONE3, _PRCTL = (56, 220), (435, 435), (157, 167)
_X32 = 0x40000000  # x86-64's second set of numbers
_NAMESPACES = 0x7E020000  # flags of clone that make a new namespace
_PR_SET_PDEATHSIG = 1
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000
_Instruction = tuple[int, int, int, int]  # code, how far to jump if true, if false, operand


def program() -> list[_Instruction]:
    """The filter for this machine; empty where there is none."""
    arch = {"x86_64": (_X86, 0), "aarch64": (_ARM, 1)}.get(platform.machine())
    if arch is None:
        return []
    token, column = arch
    refuse = (_RETURN, 0, 0, _FAIL | errno.EPERM)
    unknown = (_RETURN, 0, 0, _FAIL | errno.ENOSYS)
    rules: list[_Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, token),
        unknown,
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        unknown,
        (_EQUAL, 0, 1, _CLONE3[column]),
        unknown,  # its flags are out of a filter's sight; the C library then calls clone
        (_EQUAL, 0, 3, _CLONE[column]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_ANY_BIT, 0, 1, _NAMESPACES),
        refuse,
        (_LOAD, 0, 0, _NUMBER),
        (_EQUAL, 0, 3, _PRCTL[column]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_EQUAL, 0, 1, _PR_SET_PDEATHSIG),  # it dies with its supervisor
        refuse,
        (_LOAD, 0, 0, _NUMBER),
    ]
    for numbers in _DENIED.values():
        rules += [(_EQUAL, 0, 1, numbers[column]), refuse]
    return [*rules, (_RETURN, 0, 0, _ALLOW)]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def install() -> None:
    """Filter this process and what it starts; `no_new_privs` must be set.

    Raises:
        OSError: The kernel refuses.
    """
    rules = program()
    if not rules:
        return
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *rule) for rule in rules))
    given = _Program(len(rules), ctypes.cast(code, ctypes.c_void_p))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(given), 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")
