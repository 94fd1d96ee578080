"""Ids, and signatures that only the stand-in can make and checks when they come back."""

import hashlib
import hmac
import itertools

_numbers = itertools.count(1)
_SECRET = b"known to the stand-in alone"


def new_id(prefix: str, length: int = 24) -> str:
    """An id nobody had before."""
    return prefix + hashlib.sha256(str(next(_numbers)).encode()).hexdigest()[:length]


def sign(vendor: str, text: str) -> str:
    """The vendor's proof that it thought `text`."""
    return f"{vendor}." + hmac.new(_SECRET, f"{vendor}\n{text}".encode(), "sha256").hexdigest()


def is_signed(vendor: str, text: str, proof: object) -> bool:
    """Whether `proof` is this vendor's for `text`."""
    return isinstance(proof, str) and hmac.compare_digest(proof.encode(), sign(vendor, text).encode())
