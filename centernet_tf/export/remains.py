"""Temporary names that tell whose they are, so that what a killed run left can be removed."""

import glob
import os
import platform
import shutil


def temporary_path(prefix: str) -> str:
    """Returns the prefix with this machine and process behind it."""
    return f"{prefix}{platform.node()}-{os.getpid()}"


def remove_remains(prefix: str) -> None:
    """Removes what has a temporary path of a process that no longer runs, and prints its name.

    Only this machine's: of another one, or another container, it cannot be known what runs there.

    Args:
      prefix: as of `temporary_path`; this process must not have begun with its own path yet.
    """
    own_machine = f"{prefix}{platform.node()}-"
    for path in sorted(glob.glob(glob.escape(own_machine) + "*")):
        process = path[len(own_machine) :]
        if process.isdecimal() and not _runs_elsewhere(int(process)):
            _remove(path)


def _runs_elsewhere(process: int) -> bool:
    # In a container, process ids begin at 1 each time, and an earlier one may have had ours.
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def _remove(path: str) -> None:
    try:
        if os.path.isdir(path):
            shutil.rmtree(path)
        else:
            os.remove(path)
    except OSError:
        # Another run may have been faster, and it is not worth failing for.
        return
    print(f"Removed {path}, left by a run that was killed.", flush=True)
