"""
Runs a test file of another project with the facade in place of oauthlib's class: ``python swapped.py FILE NAME...``.

In the names of `oauthlib.oauth2` given, the file finds the facade when it imports them.
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
    """Without the one method that oauthlib's tests of its base class want to miss."""

    def prepare_request_body(self, *arguments: object, **keywords: object) -> str:
        """Raises NotImplementedError."""
        raise NotImplementedError


def main(file: str, *names: str) -> int:
    """Puts the facade in place, and runs pytest on *file*."""
    for name in names:
        setattr(oauthlib.oauth2, name, Abstract if name == "Client" else BackendApplicationClient)
    # The tests of MAC tokens replace oauthlib's sources of time and chance: the facade is to draw from them.
    mac.new_nonce = lambda: oauthlib.common.generate_nonce()
    mac.timestamp = lambda: oauthlib.common.generate_timestamp()
    mac.age = lambda issue_time: utils.generate_age(issue_time)
    return int(pytest.main(["-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", ".", "-rs", file]))


if __name__ == "__main__":
    # The folder of this file is no place to import from; that of the other project, where this runs, is.
    sys.path[0] = "."
    sys.exit(main(*sys.argv[1:]))
