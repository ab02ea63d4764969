"""
The command line: composes, prints and sends token requests, and prints what servers support.

    argv ─ parse ─▶ arguments ─ run ─▶ text ─ write ─▶ exit code

=====  ==================================================================
  0    done
  1    the server rejected the request, or its response cannot be used
  2    invalid input; nothing was sent
  3    no response
  4    the server is failing, or limits requests
  5    the output could not be written
130    interrupted
141    the reader of the output closed it
=====  ==================================================================
"""

import sys
from collections.abc import Sequence
from typing import Final

from oauth_cc.cli.output import BAD_INPUT, INTERRUPTED, NO_ANSWER, REFUSED, TRY_LATER, say, write
from oauth_cc.errors import InvalidInput, InvalidResponse, RenewalTimedOut, StoreUnavailable, TokenRequestRefused

_OPTIONS: Final = {
    "pass Endpoint(url, allow_http=True)": "pass --allow-http",
    "allow_http=True allows it": "--allow-http allows it",
    "pass password=": "pass --key-password-env",
    "pass key_id=": "pass --key-id",
    "pass algorithm=": "pass --algorithm",
    "pass its content to key_from_pem() or key_from_jwk()": "pass the path of its file to --key, not the content",
    "use with_scope()": "use --scope",
    "use with_resource(name, uri=False)": "use --resource-name",
    "use with_resource()": "use --resource",
    "use with_authorization_details()": "use --authorization-details",
    "use with_client_id_in_body()": "use --include-client-id",
    "PrivateKeyJwt": "--auth private-key-jwt",
}
"""The command line's words for arguments that the library's errors name."""

_FIRST_SERVER_ERROR: Final = 500


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line *argv*, by default the process's, and return its exit code."""
    try:
        return _main(argv)
    except KeyboardInterrupt:
        return INTERRUPTED


def _main(argv: Sequence[str] | None) -> int:
    # Loaded here, so that an interrupt while they load is silent, too.
    from oauth_cc.cli.commands import run
    from oauth_cc.cli.network import NetworkError
    from oauth_cc.cli.options import parsed

    arguments = parsed(argv)
    try:
        found = run(arguments, sys.stdin)
        return found.code if found.text is None else write(found.text) or found.code
    except (InvalidInput, ImportError, StoreUnavailable) as error:
        return _fail(f"{error}", BAD_INPUT)
    except (TokenRequestRefused, InvalidResponse) as error:
        return _refused(error)
    except (NetworkError, RenewalTimedOut) as error:
        return _fail(f"{error}", NO_ANSWER)


def _refused(error: TokenRequestRefused | InvalidResponse) -> int:
    if not error.retryable and error.status < _FIRST_SERVER_ERROR:
        return _fail(f"{error}", REFUSED)
    if error.retryable and isinstance(error, TokenRequestRefused):
        # The error itself says when to try again.
        return _fail(f"{error}", TRY_LATER)
    from oauth_cc.refusal import waiting

    return _fail(f"{error}; {waiting(error.retry_after)}", TRY_LATER)


def _fail(sentence: str, code: int) -> int:
    for argument, option in _OPTIONS.items():
        sentence = sentence.replace(argument, option)
    say(sentence)
    return code
