"""Holding back what native code writes to standard error."""

import contextlib
import os
import sys
import tempfile


@contextlib.contextmanager
def hidden_unless_it_fails():
    """Holds back everything written to file descriptor 2, and shows it when the block raises.

    TFLite's converter prints a summary of dialects and a list of counts from C++ after each
    success, past Python's streams and TensorFlow's log levels. Keep the block to the one call that
    does so.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        terminal = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            _restore(terminal)
            held.seek(0)
            os.write(2, held.read())
            raise
        _restore(terminal)


def _restore(terminal: int) -> None:
    sys.stderr.flush()
    os.dup2(terminal, 2)
    os.close(terminal)
