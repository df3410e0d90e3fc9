"""Takes a process out of the world: no network, almost no files, no privileges, bounded resources.

On Linux, namespaces do it, as root or through a user namespace. Where the system does not allow that, an audit hook
refuses sockets, processes and foreign files instead: a weaker fence, and every verdict says which one stood.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import sys
from dataclasses import dataclass
from typing import Any

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND = 1, 2, 4, 32, 4096
MS_REC, MS_PRIVATE = 16384, 1 << 18
MNT_DETACH = 2
PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 4, 38
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
CAPABILITY_VERSION_3 = 0x20080522

DEVICES = ("null", "zero", "random", "urandom")
TEMPORARY = "/tmp"
TMPFS_MB = 64
"""All that a program can write to its temporary directory."""


@dataclass(frozen=True)
class Limits:
    """What one run may use."""

    cpu_s: int
    memory_mb: int
    file_mb: int = 16
    open_files: int = 64
    processes: int = 16


class IsolationError(Exception):
    """The system does not allow namespaces here."""


def enter_namespaces(root: str) -> None:
    """Leave the network, and see nothing but Python and an empty /tmp. `root`: an empty folder of the host.

    Raises: IsolationError. The process may then be half isolated, and must be replaced.
    """
    if not sys.platform.startswith("linux"):
        raise IsolationError("namespaces are Linux's")
    libc = ctypes.CDLL(None, use_errno=True)
    flags = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS
    uid = os.geteuid()
    if uid != 0:
        flags |= CLONE_NEWUSER
    _check(libc.unshare(flags), "unshare")
    if uid != 0:
        _map_user(uid)
    _check(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "mount /")
    _check(
        libc.mount(b"tmpfs", root.encode(), b"tmpfs", MS_NOSUID | MS_NODEV, f"size={TMPFS_MB}m,mode=755".encode()),
        "tmpfs",
    )
    for folder in _folders():
        _bind(libc, folder, root + folder)
    os.mkdir(root + "/dev")
    for name in DEVICES:
        if os.path.exists(f"/dev/{name}"):
            os.close(os.open(f"{root}/dev/{name}", os.O_CREAT | os.O_WRONLY, 0o666))
            _check(
                libc.mount(f"/dev/{name}".encode(), f"{root}/dev/{name}".encode(), None, MS_BIND, None), "bind device"
            )
    os.mkdir(root + TEMPORARY, 0o755)
    _change_root(libc, root)


def enter_pid_namespace() -> None:
    """The next fork starts a world of its own processes, which ends with its first.

    Raises: IsolationError.
    """
    _check(ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWPID), "unshare")


def another_user(uid: int, maps: tuple[str, ...] = ("/proc/self/uid_map", "/proc/self/gid_map")) -> int | None:
    """`uid` if this process can become that user and that group, else None: only root can, and not everywhere.

    A container may know a few users only, or root alone. `maps`: its tables of users and of groups.
    """
    if os.geteuid() != 0:
        return None
    for table in maps:
        if not os.path.exists(table):
            continue
        with open(table, encoding="ascii") as lines:
            ranges = [[int(number) for number in line.split()] for line in lines]
        if not any(first <= uid < first + count for first, _, count in ranges):
            return None
    return uid


def drop_privileges(uid: int | None) -> None:
    """Become `uid` (None: stay who we are), without any capability and without a way to get one."""
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    if sys.platform.startswith("linux"):
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
        libc.capset(header, (ctypes.c_uint32 * 6)())


def hide_memory() -> None:
    """Keep other processes of this user from reading this one's memory."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def limit(limits: Limits, base_memory_mb: int) -> None:
    """Set the limits of this process and its children. `base_memory_mb`: what the bare interpreter takes already."""
    megabyte = 2**20

    def set_limit(name: str, soft: int, hard: int | None = None) -> None:
        if hasattr(resource, name):
            number = getattr(resource, name)
            most = resource.getrlimit(number)[1]
            wanted = soft if hard is None else hard
            wanted = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
            resource.setrlimit(number, (min(soft, wanted), wanted))

    set_limit("RLIMIT_CPU", limits.cpu_s, limits.cpu_s + 1)
    if sys.platform.startswith("linux"):
        set_limit("RLIMIT_AS", (limits.memory_mb + base_memory_mb) * megabyte)
    set_limit("RLIMIT_FSIZE", limits.file_mb * megabyte)
    set_limit("RLIMIT_NOFILE", limits.open_files)
    set_limit("RLIMIT_CORE", 0)
    set_limit("RLIMIT_NPROC", limits.processes)


REFUSED = ("socket.", "subprocess.", "ctypes.", "os.exec", "os.posix_spawn", "os.fork", "os.kill", "os.system", "pty.")
"""Audit events that the weaker fence refuses, by how they begin."""

READING = ("os.listdir", "os.scandir")
WRITING = ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.link", "os.symlink", "os.truncate")
"""Audit events whose first argument is a path; so is that of `open`."""


def refuse_by_audit_hook() -> None:
    """The fence without namespaces: an exception for sockets, processes, signals, native code and foreign files."""
    here = os.path.realpath(os.getcwd())
    readable = (here, os.path.realpath(sys.base_prefix), "/dev/null", "/dev/urandom")
    real, separator, decode = os.path.realpath, os.sep, os.fsdecode
    writing_flags = os.O_WRONLY | os.O_RDWR | os.O_CREAT

    def is_within(path: Any, places: tuple[str, ...]) -> bool:
        if isinstance(path, int):
            return True
        text = here if path is None else real(decode(path))
        return any(text == place or text.startswith(place + separator) for place in places)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith(REFUSED):
            raise PermissionError(f"{event} is not allowed here")
        if event == "open":
            path, mode, flags = arguments
            writes = bool(flags & writing_flags) or any(letter in (mode or "") for letter in "wax+")
        elif event in READING or event in WRITING:
            path, writes = arguments[0], event in WRITING
        else:
            return
        if not is_within(path, (here,) if writes else readable):
            raise PermissionError("this file is not the program's")

    sys.addaudithook(hook)


def _map_user(uid: int) -> None:
    gid = os.getegid()
    try:
        for name, content in (("setgroups", "deny"), ("uid_map", f"65534 {uid} 1"), ("gid_map", f"65534 {gid} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(content)
    except OSError as error:
        raise IsolationError(f"user namespace: {error.strerror}") from error


def _folders() -> list[str]:
    """What an interpreter needs to import its standard library, outermost folders only."""
    wanted = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", sys.base_prefix, os.path.realpath(sys.base_prefix)]
    kept: list[str] = []
    for folder in sorted(set(wanted), key=len):
        covered = any(folder.startswith(other + "/") for other in kept)
        if os.path.isdir(folder) and not covered:
            kept.append(folder)
    return kept


def _bind(libc: Any, source: str, target: str) -> None:
    if os.path.islink(source):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.symlink(os.readlink(source), target)
        return
    os.makedirs(target, exist_ok=True)
    _check(libc.mount(source.encode(), target.encode(), None, MS_BIND | MS_REC, None), f"bind {source}")
    # A user namespace must not drop the flags that the mount came with.
    kept = os.statvfs(target).f_flag & 0x1F
    flags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | (kept & ~MS_RDONLY)
    _check(libc.mount(None, target.encode(), None, flags, None), f"remount {source}")


def _change_root(libc: Any, root: str) -> None:
    os.chdir(root)
    number = PIVOT_ROOT.get(platform.machine())
    if number is not None and libc.syscall(number, b".", b".") == 0:
        _check(libc.umount2(b".", MNT_DETACH), "umount")
    else:
        os.chroot(".")
    os.chdir("/")


def _check(result: int, what: str) -> None:
    if result != 0:
        raise IsolationError(f"{what}: {os.strerror(ctypes.get_errno())}")
