"""What every adapter's tests use: the peer of tests/peer.py and a door to it."""

from tests.peer import Fault, Peer, Said, Seen, closed_port, http, peer

__all__ = ["Fault", "Peer", "Said", "Seen", "closed_port", "http", "peer"]
