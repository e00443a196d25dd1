"""The cases: each function makes one situation, and its docstring says what is true in it.

A case is named as its captures are: `ptr_slow` writes ptr-slow.pcap. Unless it says otherwise, the capture is taken at
the client, which reaches everything over a line of 40 ms each way.
"""

from . import (  # noqa: F401
    client_lookups,
    bystanders,
    lan,
    server_lookups,
    forward_lookups,
    connections,
    loss,
    slow_ends,
    dialogues,
    revocations,
    refusals,
    poor_captures,
    edited,
    healthy,
    just_under,
    failures,
    tunnels,
    attempts,
)
from .common import ALL  # noqa: F401
