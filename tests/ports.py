"""A port of this machine that nothing listens on, and that nothing takes by chance until a server of a test does."""

import secrets
import socket

_LEAST, _MOST = 20_000, 32_000
"""Below the ports that systems give to outgoing connections (Linux from 32768, others from 49152): one of those could be taken between the look and the server's start."""


def free_port() -> int:
    """A free port of the loopback address.

    Raises:
        OSError: if none of a hundred drawn is free.
    """
    for _ in range(100):
        port = _LEAST + secrets.randbelow(_MOST - _LEAST)
        with socket.socket() as free:
            try:
                free.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no free port")
