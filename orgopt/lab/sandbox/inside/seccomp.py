"""A filter of system calls that an experiment has no use for: ways to new rights, to others, and to hidden memory.

It comes on top of the namespaces, and keeps much of the kernel out of reach. Elsewhere than on x86-64 and 64-bit ARM
there is none.
"""

import ctypes
import errno
import platform
import struct
from collections.abc import Iterable
from typing import Literal

Scope = Literal["experiment", "answer", "command", "memory"]
"""Whom a filter is for: an experiment; its code that is asked about held-out data, and may tell nobody what it sees; a
command of the user's; an experiment without namespaces, whose memory alone counts."""

_X86 = 0xC000003E
_ARM = 0xC00000B7
_DENIED = {  # name: (number on x86-64, on 64-bit ARM)
    "acct": (163, 89),
    "add_key": (248, 217),
    "adjtimex": (159, 171),
    "bpf": (321, 280),
    "cachestat": (451, 451),
    "chroot": (161, 51),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    "finit_module": (313, 273),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "init_module": (175, 105),
    "inotify_init": (253, None),
    "inotify_init1": (294, 26),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "ioperm": (173, None),
    "iopl": (172, None),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "listmount": (458, 458),
    "lookup_dcookie": (212, 18),
    "migrate_pages": (256, 238),
    "modify_ldt": (154, None),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "move_pages": (279, 239),
    "name_to_handle_at": (303, 264),
    "nfsservctl": (180, 42),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "open_tree_attr": (467, 467),
    "perf_event_open": (298, 241),
    "personality": (135, 92),
    "pidfd_getfd": (438, 438),
    "pivot_root": (155, 41),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "setdomainname": (171, 162),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "settimeofday": (164, 170),
    "statmount": (457, 457),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "syslog": (103, 116),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "uselib": (134, None),
    "userfaultfd": (323, 282),
    "vhangup": (153, 58),
}
_UNMEASURED = {  # memory that no process shows, and queues that outlive one: as if Linux did not have them
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "mq_open": (240, 180),
    "msgget": (68, 186),
    "semget": (64, 190),
    "shmget": (29, 194),
    "vmsplice": (278, 75),
}
_LOCKS = (73, 32)  # flock
_OF_COMMANDS = ("inotify_init", "inotify_init1")  # programs that watch their files
_CLONE, _CLONE3, _PRCTL = (56, 220), (435, 435), (157, 167)
_SOCKET, _SOCKETPAIR, _FCNTL, _SETSOCKOPT = (41, 198), (53, 199), (72, 25), (54, 208)
_NEWEST = 470  # call that is known here: nobody has looked at what later ones let through
_NAMESPACES = 0x7E020000  # flags of clone that make a new namespace
_PR_SET_PDEATHSIG = 1
_AF_UNIX, _AF_INET, _AF_INET6, _AF_NETLINK = 1, 2, 10, 16
_F_SETLEASE, _F_NOTIFY = 1024, 1026
_F_LOCKS = (6, 7, 37, 38, 1031)  # F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW, and the size of a pipe, which all share
_SOL_SOCKET, _SO_SNDBUF = 1, 7
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2

_LOAD, _EQUAL, _ABOVE, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _SECOND_ARGUMENT, _THIRD_ARGUMENT = 0, 4, 16, 24, 32
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000
_Instruction = tuple[int, int, int, int]  # code, how far to jump if true, if false, operand
_REFUSE = (_RETURN, 0, 0, _FAIL | errno.EPERM)
_DONE = (_RETURN, 0, 0, _FAIL)  # nothing is done, and no error told
_NO_LOCKS = (_RETURN, 0, 0, _FAIL | errno.ENOLCK)
_UNKNOWN = (_RETURN, 0, 0, _FAIL | errno.ENOSYS)


def program(scope: Scope = "experiment") -> list[_Instruction]:
    """The filter for this machine; empty where there is none."""
    arch = {"x86_64": (_X86, 0), "aarch64": (_ARM, 1)}.get(platform.machine())
    if arch is None:
        return []
    token, column = arch
    rules: list[_Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, token),
        _UNKNOWN,
        (_LOAD, 0, 0, _NUMBER),
    ]
    if scope != "memory":
        rules += _rights(column, scope)
    # Done, as far as a program can know, since Linux takes such a wish as it likes; see `memory` on what sockets hold.
    larger = [(_LOAD, 0, 0, _THIRD_ARGUMENT), (_EQUAL, 0, 1, _SO_SNDBUF), _DONE]
    rules += _looked_at(_SETSOCKOPT[column], _SECOND_ARGUMENT, [(_EQUAL, 0, len(larger), _SOL_SOCKET), *larger])
    rules += _refused((numbers[column] for numbers in _UNMEASURED.values()), _UNKNOWN)
    return [*rules, (_RETURN, 0, 0, _ALLOW)]


def _rights(column: int, scope: Scope) -> list[_Instruction]:
    """What refuses the ways to new rights and to others."""
    families = (_AF_UNIX, _AF_INET, _AF_INET6, *([_AF_NETLINK] if scope == "command" else []))
    elsewhere = (_RETURN, 0, 0, _FAIL | errno.EAFNOSUPPORT)
    # Whoever locks a file that others can read, tells them something.
    silent = _refused(_F_LOCKS, _NO_LOCKS) if scope == "answer" else []
    # It dies with its supervisor. Programs ask that for what they start, which dies with the first process in any case.
    lasting = _DONE if scope == "command" else _REFUSE
    denied = [numbers[column] for name, numbers in _DENIED.items() if scope != "command" or name not in _OF_COMMANDS]
    return [
        (_ABOVE, 0, 1, _NEWEST),  # and x86-64's second set of numbers
        _UNKNOWN,
        (_EQUAL, 0, 1, _CLONE3[column]),
        _UNKNOWN,  # its flags are out of a filter's sight; the C library then calls clone
        *_looked_at(_CLONE[column], _FIRST_ARGUMENT, [(_ANY_BIT, 0, 1, _NAMESPACES), _REFUSE]),
        *_looked_at(_PRCTL[column], _FIRST_ARGUMENT, _refused([_PR_SET_PDEATHSIG], lasting)),
        *_looked_at(_FCNTL[column], _SECOND_ARGUMENT, [*_refused([_F_SETLEASE, _F_NOTIFY], _REFUSE), *silent]),
        *_looked_at(_SOCKET[column], _FIRST_ARGUMENT, _others(families, elsewhere)),
        *_looked_at(_SOCKETPAIR[column], _FIRST_ARGUMENT, _others(families, elsewhere)),
        *_refused(denied, _REFUSE),
        *(_refused([_LOCKS[column]], _NO_LOCKS) if scope == "answer" else []),
    ]


def _looked_at(call: int, argument: int, rules: list[_Instruction]) -> list[_Instruction]:
    """Rules for one argument of a call."""
    within = [(_LOAD, 0, 0, argument), *rules, (_LOAD, 0, 0, _NUMBER)]
    return [(_EQUAL, 0, len(within), call), *within]


def _refused(values: Iterable[int | None], answer: _Instruction) -> list[_Instruction]:
    """Answers each of some values; None is of a call that this machine does not have."""
    return [rule for value in values if value is not None for rule in ((_EQUAL, 0, 1, value), answer)]


def _others(values: Iterable[int], answer: _Instruction) -> list[_Instruction]:
    """Answers all but some values."""
    known = list(values)
    return [*((_EQUAL, len(known) - k, 0, value) for k, value in enumerate(known)), answer]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def install(scope: Scope) -> None:
    """Filter this process and what it starts; `no_new_privs` must be set.

    Raises:
        OSError: The kernel refuses.
    """
    rules = program(scope)
    if not rules:
        return
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *rule) for rule in rules))
    given = _Program(len(rules), ctypes.cast(code, ctypes.c_void_p))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(given), 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")
