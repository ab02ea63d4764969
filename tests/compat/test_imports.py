"""
oauthlib is imported when an error is raised or named, and not before; the facade behaves the same without it.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ABSENT = "import sys; sys.modules['oauthlib'] = None\n"


def run(code: str) -> str:
    """Return what *code* prints in another interpreter."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_does_not_load_oauthlib() -> None:
    """Importing, composing, parsing and adding a token import neither oauthlib nor any optional module."""
    code = (
        "import sys\n"
        "from oauth_cc.compat import BackendApplicationClient\n"
        "client = BackendApplicationClient('your_id', scope='a')\n"
        "client.prepare_token_request('https://as.example/token')\n"
        'client.parse_request_body_response(\'{"access_token": "x"}\')\n'
        "client.add_token('https://api.example/')\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(loaded & {'oauthlib', 'requests', 'blinker', 'hmac', 'secrets', 'httpx2', 'anyio'}))\n"
        "shells = {'effects', 'exchange', 'threads', 'tasks', 'testing', 'cli', 'httpx2', 'clock'}\n"
        "print(sorted(shells & {name.partition('.')[2] for name in sys.modules if name.startswith('oauth_cc.')}))\n"
    )
    assert "[]\n[]\n" == run(code)


def test_errors_and_signal_are_oauthlibs_if_it_is_installed() -> None:
    """With oauthlib, a raised error is oauthlib's own class, and the signal is oauthlib's."""
    code = (
        "import sys\n"
        "from oauth_cc.compat import BackendApplicationClient\n"
        "client = BackendApplicationClient('your_id', access_token='x')\n"
        "assert 'oauthlib' not in sys.modules\n"
        "try:\n"
        "    client.add_token('http://api.example/')\n"
        "except Exception as error:\n"
        "    caught = error\n"
        "import oauthlib.oauth2, oauthlib.signals, oauth_cc.compat\n"
        "print(type(caught) is oauthlib.oauth2.InsecureTransportError is oauth_cc.compat.InsecureTransportError)\n"
        "print(oauth_cc.compat.scope_changed is oauthlib.signals.scope_changed)\n"
        "print(issubclass(oauth_cc.compat.InvalidResponseError, (oauthlib.oauth2.OAuth2Error)))\n"
        "print(issubclass(oauth_cc.compat.InvalidResponseError, ValueError))\n"
    )
    assert "True\nTrue\nTrue\nTrue\n" == run(code)


def test_naming_loads_oauthlib() -> None:
    """Naming an error imports oauthlib."""
    code = "import sys\nfrom oauth_cc.compat import TokenExpiredError\nprint('oauthlib' in sys.modules)"
    assert "True\n" == run(code)


ERRORS = """
import json, sys
from oauth_cc.compat import BackendApplicationClient
client = BackendApplicationClient('your_id', scope='a')
codes = ('invalid_request invalid_client invalid_grant unauthorized_client unsupported_grant_type invalid_scope '
    'server_error temporarily_unavailable access_denied unsupported_response_type unsupported_token_type '
    'consent_required login_required invalid_token insufficient_scope token_expired custom').split()
answers = [json.dumps({'error': code}) for code in codes]
rest = {'error_description': 'why "so"', 'error_uri': 'u', 'state': 's'}
answers += [json.dumps({'error': code, **rest}) for code in codes]
answers += ['', '5', '{"access_token": "x", "expires_in": "y"}', '{"error": null}']
answers += ['{"access_token": "x", "scope": "b"}']
calls = [lambda answer=answer: client.parse_request_body_response(answer) for answer in answers]
calls += [lambda: client.add_token('http://api.example/')]
stale = BackendApplicationClient('your_id', token={'access_token': 'x', 'expires_at': 5})
calls += [lambda: stale.add_token('https://api.example/')]
for call in calls:
    try:
        call()
    except Exception as error:
        names = 'error description uri state status_code scopes client_id redirect_uri response_type grant_type'.split()
        found = [getattr(error, name, 'none') for name in names + ['twotuples', 'urlencoded', 'json', 'headers']]
        address = error.in_uri('https://x/?a=1#f') if hasattr(error, 'in_uri') else None
        kinds = [kind.__name__ for kind in type(error).__mro__]
        print(kinds, str(error), found, address)
"""


def test_errors_are_the_same_without_oauthlib() -> None:
    """Without oauthlib the errors have the same names, bases, attributes and texts."""
    with_it = run(ERRORS)
    assert 41 == len(with_it.splitlines())
    assert with_it == run(ABSENT + ERRORS)


@pytest.mark.slow
def test_the_sessions_tests_pass_without_oauthlib() -> None:
    """They also pass without requests-oauthlib, except for five about oauthlib."""
    file = Path(__file__).with_name("test_session.py")
    code = (
        "import sys; sys.modules['oauthlib'] = sys.modules['requests_oauthlib'] = None\n"
        f"import pytest; sys.exit(pytest.main(['-q', '-n0', '-p', 'no:cacheprovider', {str(file)!r}]))"
    )
    assert re.search(r"^(9\d|1\d\d) passed, 5 skipped in ", run(code), re.MULTILINE)


def test_no_error_takes_a_request_without_oauthlib() -> None:
    """Without oauthlib no error accepts a server's request, which the original copies."""
    code = (
        "from oauth_cc.compat import InvalidClientError, OAuth2Error\n"
        "for kind in (OAuth2Error, InvalidClientError):\n"
        "    try:\n"
        "        print(kind('why', request=None))\n"
        "    except TypeError as error:\n"
        "        print(error)\n"
    )
    assert "(None) why\n(invalid_client) why\n" == run(code)
    assert ["unexpected keyword argument 'request'"] * 2 == [
        line.partition("got an ")[2] for line in run(ABSENT + code).splitlines()
    ]


def test_the_signal_rejects_listeners_without_oauthlib() -> None:
    """Without oauthlib the signal has no listeners and rejects new ones."""
    code = (
        "import os; os.environ['OAUTHLIB_RELAX_TOKEN_SCOPE'] = '1'\n"
        "from oauth_cc.compat import BackendApplicationClient, scope_changed\n"
        "client = BackendApplicationClient('your_id', scope='a')\n"
        'print(client.parse_request_body_response(\'{"access_token": "x", "scope": "b"}\').scope_changed)\n'
        "try:\n"
        "    scope_changed.connect(print)\n"
        "except RuntimeError as error:\n"
        "    print(error)\n"
    )
    expected = "True\nsignalling support is unavailable because the blinker library is not installed.\n"
    assert expected == run(ABSENT + code)
    assert expected == run(code)


def test_the_session_names_the_extra_that_it_needs() -> None:
    """The client needs no HTTP library, and the session needs requests."""
    code = (
        "import sys; sys.modules['requests'] = None\n"
        "try:\n"
        "    import oauth_cc.compat.requests_oauthlib\n"
        "except ImportError as error:\n"
        "    print(error)\n"
    )
    assert "oauth_cc.compat.requests_oauthlib needs requests; install oauth_cc[requests]\n" == run(code)


def test_errors_survive_pickling_without_oauthlib() -> None:
    """Without oauthlib the errors survive pickling."""
    code = (
        "import pickle\n"
        "from oauth_cc.compat import CustomOAuth2Error, InvalidClientError, InvalidResponseError\n"
        "errors = [CustomOAuth2Error('x', 'why'), InvalidClientError('why', uri='u'), InvalidResponseError('why')]\n"
        "for error in errors:\n"
        "    again = pickle.loads(pickle.dumps(error))\n"
        "    print(type(again) is type(error), str(again) == str(error), again.twotuples == error.twotuples)\n"
    )
    assert "True True True\n" * 3 == run(ABSENT + code)


@pytest.mark.parametrize("name", ["nonsense", "refusal", "errors_"])
def test_an_unknown_name_is_an_attribute_error(name: str) -> None:
    """An unknown name is an AttributeError, as for any module."""
    import oauth_cc.compat

    with pytest.raises(AttributeError, match=f"no attribute '{name}'"):
        getattr(oauth_cc.compat, name)
