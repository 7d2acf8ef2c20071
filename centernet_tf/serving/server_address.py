"""What a person gives a client as the address of a server."""

import urllib.parse
from typing import Optional

from centernet_tf.errors import UserError


def rest_address(server: str) -> urllib.parse.SplitResult:
    """Returns the parts of `host:port`, or of an address with http:// or https://.

    Raises:
      UserError: it is none.
    """
    parts = _split(server if "//" in server else f"http://{server}")
    if parts is None or parts.scheme not in ("http", "https"):
        raise UserError(f"The server must be given as host:port; got '{server}'.")
    return parts


def grpc_address(server: str) -> str:
    """Returns `host:port` as it was given.

    Raises:
      UserError: it is none, and would be looked up as a name or be asked at another port.
    """
    scheme, separator, _ = server.rpartition("://")
    if separator:
        raise UserError(
            f"For gRPC the server must be given as host:port, without '{scheme}://'; got "
            f"'{server}'."
        )
    parts = _split(f"//{server}")
    if parts is None or parts.netloc != server:
        raise UserError(f"The server must be given as host:port; got '{server}'.")
    if parts.port is None:
        raise UserError(
            f"The server must be given as host:port; got '{server}', which has no port. "
            "TensorFlow Serving's for gRPC is 8500."
        )
    return server


def _split(address: str) -> Optional[urllib.parse.SplitResult]:
    try:
        parts = urllib.parse.urlsplit(address)
        # Faults of a port show when it is read; names are looked up in this encoding.
        valid = parts.port != 0 and bool((parts.hostname or "").encode("idna"))
    except ValueError:
        return None
    return parts if valid else None
