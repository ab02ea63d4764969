"""
``python -m tests.webassembly``: the tests of the pure modules on an interpreter without native parts.

`.ci/python314` runs it on CPython 3.14, which the npm package `pyodide` has for Node.
"""

import hashlib
import hmac
import sys
import time

import pytest

from tests.layers import PURE, PURE_TESTS


def pbkdf2_hmac(hash_name: str, password: bytes, salt: bytes, iterations: int) -> bytes:
    """
    Return the first block of PBKDF2 (RFC 8018 section 5.2), as `hashlib.pbkdf2_hmac` does where OpenSSL is there.

    Args:
        hash_name: The name of the hash function, such as "sha256".
        password: The secret input.
        salt: The salt.
        iterations: The rounds.
    """
    keyed = hmac.new(password, digestmod=hash_name)
    block = salt + (1).to_bytes(4, "big")
    total = 0
    for _ in range(iterations):
        round_ = keyed.copy()
        round_.update(block)
        block = round_.digest()
        total ^= int.from_bytes(block, "big")
    return total.to_bytes(keyed.digest_size, "big")


def main() -> int:
    """Run the tests and doctests of the pure modules; return pytest's exit code."""
    print(sys.version, flush=True)
    # Pyodide's core has neither OpenSSL nor threads.
    vars(hashlib).setdefault("pbkdf2_hmac", pbkdf2_hmac)
    vars(time).setdefault("thread_time", time.process_time)
    # The fixtures of conftest.py start servers.
    options = ["-q", "-p", "no:cacheprovider", "--noconftest"]
    return pytest.main([*options, *PURE_TESTS, *[f"oauth_cc/{name}" for name in PURE]])


if __name__ == "__main__":
    sys.exit(main())
