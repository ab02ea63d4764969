"""
A runner of another project's test file with the facade in place of oauthlib's class: ``python swapped.py FILE
NAME...``.

The file imports the facade under the given names of `oauthlib.oauth2`.
"""

import os
import sys

import oauthlib.common
import oauthlib.oauth2
import oauthlib.oauth2.rfc6749.utils as utils
import pytest

from oauth_cc.compat import BackendApplicationClient
from oauth_cc.compat import _mac as mac


class Abstract(BackendApplicationClient):
    """The facade without the one method that oauthlib's tests of its base class expect to be missing."""

    def prepare_request_body(self, *arguments: object, **keywords: object) -> str:
        """Raise NotImplementedError."""
        raise NotImplementedError


def main(file: str, *names: str) -> int:
    """Replace each of *names* by the facade and run pytest on *file*."""
    for name in names:
        setattr(oauthlib.oauth2, name, Abstract if name == "Client" else BackendApplicationClient)
    # The tests of MAC tokens patch oauthlib's clock and nonces, so the facade has to use oauthlib's functions.
    mac.new_nonce = lambda: oauthlib.common.generate_nonce()
    mac.timestamp = lambda: oauthlib.common.generate_timestamp()
    mac.age = lambda issue_time: utils.generate_age(issue_time)
    return int(pytest.main(["-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", ".", "-rs", file]))


if __name__ == "__main__":
    # Import from the other project's folder, the working directory, and not from the folder of this file.
    sys.path[0] = "."
    sys.exit(main(*sys.argv[1:]))
