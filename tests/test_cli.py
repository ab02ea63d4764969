"""
The command line, run in this process against real servers, and once as a process.
"""

import io
import json
import os
import pwd
import re
import shlex
import signal
import ssl
import subprocess
import sys
import time
from base64 import urlsafe_b64decode
from pathlib import Path
from urllib.parse import parse_qsl

import attrs
import httpx2
import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from joserfc.jwk import ECKey

import oauth_cc
from oauth_cc import Certificate, Scope, __version__
from oauth_cc.cli import commands, main
from oauth_cc.cli.commands import run
from oauth_cc.cli.options import parsed
from oauth_cc.cli.output import BAD_INPUT, CLOSED_PIPE, DONE, INTERRUPTED, NO_ANSWER, NOT_WRITTEN, REFUSED, TRY_LATER
from oauth_cc.errors import InvalidInput, RenewalTimedOut
from oauth_cc.testing import AuthorizationServer, Fault, ProtectedResource, RegisteredClient
from tests.keys import CURVES, pem
from tests.shells.dripping import answer_with
from tests.shells.scripted import TOKEN, Answer, Asked, Silence, serve


@attrs.frozen
class Result:
    """The exit code and the output of a run."""

    code: int
    out: str
    err: str


class Runner:
    """A runner of the command line in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.capsys = capsys
        self.monkeypatch = monkeypatch

    def __call__(self, *arguments: str, stdin: str = "") -> Result:
        """Return the result of *arguments*."""
        self.monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        try:
            code = main(arguments)
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else -1
        captured = self.capsys.readouterr()
        return Result(code, captured.out, captured.err)


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Runner:
    """Return the command line, without a secret in its environment, and with an empty home."""
    monkeypatch.delenv("OAUTH_CLIENT_SECRET", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Runner(capsys, monkeypatch)


SHARED = ("--auth", "secret-jwt", "--issuer", "https://as.example")
LOCAL = ("--client-id", "id", "--token-url")


class TestBody:
    """oauth-cc body."""

    def test_each_option_is_a_builder(self, cli: Runner) -> None:
        """Each option calls the builder of the same name."""
        result = cli(
            *("body", "--client-id", "id", "--scope", "a b", "--scope", "c", "--resource", "urn:r", "--body", "x=1"),
            *("--authorization-details", '[{"type": "t"}]', "--parameter", "audience=a=b", "--include-client-id"),
        )
        assert result == Result(
            DONE,
            "x=1&grant_type=client_credentials&client_id=id&scope=a+b+c&resource=urn%3Ar"
            "&authorization_details=%5B%7B%22type%22%3A%22t%22%7D%5D&audience=a%3Db\n",
            "",
        )

    def test_a_dialect_shapes_the_body(self, cli: Runner) -> None:
        """The dialect comes by its name, and a resource may be a name."""
        result = cli("body", "--client-id", "id", "--dialect", "ebay", "--resource-name", "0000-1")
        assert result == Result(DONE, "grant_type=client_credentials&resource=0000-1\n", "")

    @pytest.mark.parametrize("text", ["{", "5", '["a"]', "[5]", '[{"type": 5}]', "{}", '"a"', '[{}],"x":[]'])
    def test_bad_details_are_bad_input(self, cli: Runner, text: str) -> None:
        """Invalid details are bad input, reported in one sentence."""
        result = cli("body", "--client-id", "id", "--authorization-details", text)
        assert (result.code, result.out, result.err.count("\n")) == (BAD_INPUT, "", 1)

    def test_one_object_needs_no_brackets(self, cli: Runner) -> None:
        """A single object needs no brackets."""
        assert "%22type%22" in cli("body", "--client-id", "id", "--authorization-details", '{"type": "t"}').out

    @pytest.mark.parametrize(
        ("option", "value", "advice"),
        [
            ("--parameter", "audience", "--parameter must be NAME=VALUE"),
            ("--parameter", "client_secret=M4RKER", "pass it to ClientCredentials"),
            ("--scope", "a  b", "put one space between scope-tokens"),
            ("--resource", "relative", "must be an absolute URI"),
            ("--body", "%", "percent-encoded"),
        ],
    )
    def test_bad_input_is_one_sentence_and_exit_code_2(self, cli: Runner, option: str, value: str, advice: str) -> None:
        """Bad input is reported in one sentence that says what to do, with exit code 2."""
        result = cli("body", "--client-id", "id", option, value)
        assert (result.code, result.out) == (BAD_INPUT, "")
        assert result.err.startswith("oauth-cc: ")
        assert advice in result.err
        assert "M4RKER" not in result.err


class TestRequest:
    """oauth-cc request."""

    def test_a_request_is_printed_without_a_secret(self, cli: Runner) -> None:
        """The whole request is printed, although no secret is set."""
        result = cli("request", "--client-id", "id", "--token-url", "https://as.example/token", "--scope", "a")
        assert result.out == (
            "POST https://as.example/token\n"
            "Content-Type: application/x-www-form-urlencoded\n"
            "Accept: application/json\n"
            "Authorization: Basic ***\n"
            "\n"
            "grant_type=client_credentials&scope=a\n"
        )

    def test_further_headers_are_redacted(self, cli: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
        """The value of a header comes from the command line or from a variable."""
        monkeypatch.setenv("SUBSCRIPTION", "M4RKER")
        target = ("request", "--client-id", "id", "--token-url", "https://as.example/token")
        result = cli(*target, "--header", "X-Merchant-Id=4711", "--header-env", "X-Key=SUBSCRIPTION")
        assert result.code == DONE
        assert "X-Merchant-Id: ***\nX-Key: ***\n" in result.out
        for option, value, advice in (
            ("--header", "X-Merchant-Id", "--header must be NAME=VALUE"),
            ("--header", "Authorization=M4RKER", "pass a client authentication method"),
            ("--header-env", "X-Key", "--header-env must be NAME=VARIABLE"),
            ("--header-env", "X-Key=NO_SUCH", "must name a variable that is set; export it, or correct the name"),
        ):
            refused = cli(*target, option, value)
            assert (refused.code, refused.out) == (BAD_INPUT, "")
            assert advice in refused.err
            assert "M4RKER" not in refused.err

    @pytest.mark.parametrize("way", ["basic", "basic-raw", "post", "none"])
    @pytest.mark.parametrize("form", [(), ("--curl",)])
    def test_a_secret_is_redacted_for_each_method(
        self, cli: Runner, way: str, form: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A secret in the environment is not printed, whichever method sends it."""
        monkeypatch.setenv("OAUTH_CLIENT_SECRET", "M4RKER")
        result = cli("request", "--client-id", "id", "--token-url", "https://as.example/token", "--auth", way, *form)
        assert result.code == DONE
        assert "M4RKER" not in result.out
        assert "aWQ6TTRSS0VS" not in result.out
        assert "client_credentials" in result.out

    def test_http_to_another_host_is_bad_input(self, cli: Runner) -> None:
        """An endpoint that is not https is rejected, and the error says what to do."""
        result = cli("request", "--client-id", "id", "--token-url", "http://as.example/token")
        assert (result.code, result.out) == (BAD_INPUT, "")
        assert "to allow it, pass --allow-http" in result.err

    def test_curl_names_the_files_of_the_certificate(self, cli: Runner, tmp_path: Path) -> None:
        """The curl command names the files of the connection, quoted for the shell."""
        trustme.CA().issue_cert("client.example").cert_chain_pems[0].write_to_path(str(tmp_path / "a b.pem"))
        files = ("--certificate", str(tmp_path / "a b.pem"), "--certificate-key", "k.pem", "--ca-file", "ca.pem")
        given = ("request", "--client-id", "id", "--token-url", "https://as.example/token", "--auth", "tls", *files)
        words = shlex.split(cli(*given, "--curl").out.replace("\\\n", ""))
        assert words[3:9] == ["--cert", str(tmp_path / "a b.pem"), "--key", "k.pem", "--cacert", "ca.pem"]


class TestDpop:
    """The option --dpop-key."""

    def test_a_bound_token_is_stored_and_shown_with_a_call_that_the_api_accepts(
        self, cli: Runner, tmp_path: Path
    ) -> None:
        """The next run makes another proof for the same token."""
        key = tmp_path / "dpop.pem"
        key.write_bytes(pem(CURVES["ES256"]))
        with AuthorizationServer(clients=[RegisteredClient("id", "sec", dpop_bound=True)]) as server:
            given = ("token", *LOCAL, server.token_endpoint, "--secret-stdin", "--dpop-key", str(key))
            for _ in range(2):
                result = cli(*given, "--format", "curl", "--api-url", f"{server.resource_url}?page=2", stdin="sec")
                curl, *words = shlex.split(result.out)
                headers = [word.partition(": ")[::2] for word in words if ": " in word]
                assert [curl, words[-1]] == ["curl", f"{server.resource_url}?page=2"]
                assert httpx2.get(words[-1], headers=headers).status_code == 200
            assert len(server.token_requests) == 1
            assert json.loads(cli(*given, stdin="sec").out)["token_type"] == "DPoP"

    def test_a_variable_names_the_key_as_well(
        self, cli: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It cannot be combined with the option."""
        key = tmp_path / "dpop.pem"
        key.write_bytes(pem(CURVES["ES256"]))
        with AuthorizationServer(clients=[RegisteredClient("id", "sec", dpop_bound=True)]) as server:
            values = {"CLIENT_ID": "id", "CLIENT_SECRET": "sec", "TOKEN_URL": server.token_endpoint}
            for name, value in {**values, "DPOP_KEY_FILE": str(key)}.items():
                monkeypatch.setenv(f"MYAPI_{name}", value)
            assert json.loads(cli("token", "--environment", "MYAPI_", "--no-store").out)["token_type"] == "DPoP"
            for more, reason in (
                (("--dpop-key", str(key)), "--dpop-key must not be combined with the variable DPOP_KEY_FILE"),
                (("--format", "header"), "--format header cannot be combined with --dpop-key or DPOP_KEY_FILE"),
            ):
                refused = cli("token", "--environment", "MYAPI_", *more)
                assert (refused.code, reason in refused.err) == (BAD_INPUT, True)

    def test_a_bearer_token_is_shown_with_a_call_too(self, cli: Runner) -> None:
        """It needs no proof."""
        with serve(TOKEN) as server:
            given = ("--secret-stdin", "--format", "curl", "--api-url", "https://api.example/things")
            result = cli("token", *LOCAL, f"{server.url}/token", *given, stdin="sec")
        assert result.out == "curl --header 'Authorization: Bearer tok-1' https://api.example/things\n"

    def test_the_proof_of_a_printed_request_is_redacted(self, cli: Runner, tmp_path: Path) -> None:
        """The profile is judged by its key."""
        key = tmp_path / "dpop.pem"
        key.write_bytes(pem(CURVES["ES384"]))
        result = cli("request", *LOCAL, "https://as.example/token", "--dpop-key", str(key), "--profile", "fapi2")
        assert "\nDPoP: ***\n" in result.out
        assert "NO   5.4.1    sign DPoP proofs with PS256, ES256 or EdDSA: use a P-256" in result.out

    @pytest.mark.parametrize(
        ("given", "reason"),
        [
            (("--format", "curl"), "--api-url is required by --format curl; pass the URL of the API call"),
            (("--format", "header", "--dpop-key", "{key}"), "--format header cannot be combined with --dpop-key"),
            (("--dpop-key", "/no/such"), "/no/such cannot be read"),
        ],
    )
    def test_an_option_that_cannot_be_followed_is_bad_input(
        self, cli: Runner, tmp_path: Path, given: tuple[str, ...], reason: str
    ) -> None:
        """Nothing is sent."""
        key = tmp_path / "dpop.pem"
        key.write_bytes(pem(CURVES["ES256"]))
        with serve(TOKEN) as server:
            words = [word.replace("{key}", str(key)) for word in given]
            result = cli("token", *LOCAL, f"{server.url}/token", "--secret-stdin", *words, stdin="sec")
            assert (result.code, server.asked) == (BAD_INPUT, [])
        assert reason in result.err


class TestToken:
    """oauth-cc token."""

    def test_a_token_is_printed_in_each_format(self, cli: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
        """A token is printed as a token response with expires_at, alone, or as a header."""
        monkeypatch.setenv("OAUTH_CLIENT_SECRET", "sec")
        document = b'{"access_token": "tok-1", "instance_url": "https://a.example", "expires_in": 3600}'
        with serve(Answer(chunks=(document,))) as server:
            arguments = ("token", *LOCAL, f"{server.url}/token", "--format")
            stored = cli(*arguments, "json")
            members = json.loads(stored.out)
            assert list(members) == ["access_token", "token_type", "expires_in", "expires_at", "scope", "instance_url"]
            assert (members["access_token"], members["token_type"]) == ("tok-1", "Bearer")
            assert 3500 < members["expires_in"] <= 3600
            assert abs(members["expires_at"] - time.time() - members["expires_in"]) < 5
            assert cli(*arguments, "token") == Result(DONE, "tok-1\n", "")
            assert cli(*arguments, "header") == Result(DONE, "Authorization: Bearer tok-1\n", "")

    def test_each_source_provides_the_same_secret(
        self, cli: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A variable, a file and standard input do. Editors and shells of Windows write a byte order mark first."""
        file = tmp_path / "secret.txt"
        file.write_bytes(b"\xef\xbb\xbfs3c ret\r\n")
        monkeypatch.setenv("OWN_VARIABLE", "s3c ret")
        with serve(TOKEN) as server:
            for source in (("--secret-env", "OWN_VARIABLE"), ("--secret-file", str(file)), ("--secret-stdin",)):
                result = cli("token", *LOCAL, f"{server.url}/token", "--no-store", *source, stdin="\ufeffs3c ret\n")
                assert result.code == DONE
            sent = {asked.headers["Authorization"] for asked in server.asked}
        assert sent == {"Basic aWQ6czNjJTIwcmV0"}

    def test_a_missing_secret_names_its_sources(self, cli: Runner) -> None:
        """Without a secret the error names the options; --auth none needs no secret."""
        with serve(TOKEN) as server:
            result = cli("token", *LOCAL, f"{server.url}/token")
            assert result.code == BAD_INPUT
            assert "OAUTH_CLIENT_SECRET" in result.err
            assert cli("token", *LOCAL, f"{server.url}/token", "--auth", "none", "--format", "token").out == "tok-1\n"

    @pytest.mark.parametrize(
        ("source", "advice"),
        [
            (("--secret-env", "M4RKER"), "--secret-env must name a variable that is set; export it"),
            (("--secret-file", "/no/such/file"), "No such file"),
            (("--secret-file", __file__), "must contain one line with the secret"),
            (("--secret-stdin",), "control character"),
        ],
    )
    def test_an_unusable_secret_is_bad_input(self, cli: Runner, source: tuple[str, ...], advice: str) -> None:
        """A secret that cannot be read or used is bad input."""
        result = cli("token", *LOCAL, "http://127.0.0.1:1/token", *source, stdin="M4RKER\0")
        assert result.code == BAD_INPUT
        assert advice in result.err
        assert "M4RKER" not in result.err

    def test_a_secret_file_is_read_again_after_a_rotation(self, cli: Runner, tmp_path: Path) -> None:
        """The server rejects the secret that was read, and the file has the next one. A stored token is used still."""
        file = tmp_path / "secret.txt"
        file.write_text("old\n")

        def answered(_asked: Asked) -> Answer:
            rotated = file.read_text() == "new\n"
            file.write_text("new\n")
            return TOKEN if rotated else Answer(401, chunks=(b'{"error": "invalid_client"}',))

        with serve(answered) as server:
            given = ("token", *LOCAL, f"{server.url}/token", "--secret-file", str(file), "--format", "token")
            for _ in range(2):
                assert cli(*given).out == "tok-1\n"
                file.write_text("newest")
            assert len(server.asked) == 2
        shown = cli("request", *LOCAL, "https://as.example/token", "--secret-file", str(file))
        assert (shown.code, "Basic ***" in shown.out) == (DONE, True)

    def test_a_secret_file_must_be_utf8(self, cli: Runner, tmp_path: Path) -> None:
        """A file that is not UTF-8 is bad input."""
        file = tmp_path / "secret.txt"
        file.write_bytes(b"\xff\xfe")
        assert (
            "is not UTF-8; save it as UTF-8 text"
            in cli("token", *LOCAL, "http://127.0.0.1:1/", "--secret-file", str(file)).err
        )

    @pytest.mark.parametrize(
        ("given", "advice"),
        [
            (("--client-secret", "M4RKER"), "unrecognized argument --client-secret; a secret is never an argument"),
            (("--client-secret=M4RKER",), "unrecognized argument --client-secret; a secret is never an argument"),
            (("--client-secret", "--m-rker"), "unrecognized argument --client-secret; a secret is never an argument"),
            (("--tenant", "M4RKER"), "unrecognized argument --tenant; see oauth-cc --help"),
            (("--password", "-M4RKER"), "unrecognized argument --password; a secret is never an argument"),
            (("--secret", "M4RKER"), "unrecognized argument --secret; a secret is never an argument"),
            (("--secret=M4RKER",), "unrecognized argument --secret; a secret is never an argument"),
            (("M4RKER",), "unrecognized argument, which is not shown as it may be a secret; see oauth-cc --help"),
            (("--secret-stdin=M4RKER",), "argument --secret-stdin: ignored explicit argument; see oauth-cc token"),
            (("--format", "M4RKER"), "argument --format: invalid choice (choose from "),
            (("--format", "M4RKER (choose from M4RKER"), "argument --format: invalid choice (choose from "),
            (("--timeout", "M4RKER"), "SECONDS must be a number above 0 and at most 86400 (a day)"),
            (("--lifetime", "M4RKER"), "SECONDS must be a whole number"),
            (("--secret-env", "-M4RKER"), "argument --secret-env: expected one argument"),
        ],
    )
    def test_an_error_about_the_options_quotes_no_value(self, cli: Runner, given: tuple[str, ...], advice: str) -> None:
        """A value may be the secret in the wrong place. There is no option for the secret itself."""
        result = cli("token", *LOCAL, "http://127.0.0.1:1/", *given)
        assert (result.code, result.out, result.err.count("\n")) == (BAD_INPUT, "", 1)
        assert advice in result.err
        assert "M4RKER" not in result.err
        assert "m-rker" not in result.err

    def test_an_unknown_command_is_not_quoted(self, cli: Runner) -> None:
        """The commands are named."""
        result = cli("M4RKER")
        assert (result.code, "M4RKER" in result.err, "metadata" in result.err) == (BAD_INPUT, False, True)

    @pytest.mark.parametrize(
        "source", [("OAUTH_CLIENT_SECRET",), ("--secret-env", "OWN_VARIABLE"), ("--secret-stdin",)]
    )
    def test_an_empty_secret_is_bad_input(
        self, cli: Runner, source: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An empty secret is a variable that a deployment did not fill in."""
        monkeypatch.setenv("OWN_VARIABLE", "")
        if source[0] == "OAUTH_CLIENT_SECRET":
            monkeypatch.setenv(source[0], "")
        given = () if source[0] == "OAUTH_CLIENT_SECRET" else source
        result = cli("token", *LOCAL, "http://127.0.0.1:1/token", *given, stdin="\n")
        assert (result.code, result.out) == (BAD_INPUT, "")
        assert result.err == f"oauth-cc: {source[-1]} must not be empty; provide the value, or leave it out\n"

    def test_standard_input_must_be_open_and_text(self, cli: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
        """Otherwise the error says so."""
        arguments = parsed(["token", *LOCAL, "http://127.0.0.1:1/", "--secret-stdin"])
        for stdin, reason in ((None, "is closed"), (io.TextIOWrapper(io.BytesIO(b"\xff"), "utf-8"), "must be UTF-8")):
            with pytest.raises(InvalidInput, match=reason):
                run(arguments, stdin)

    @pytest.mark.parametrize("command", ["metadata", "token"])
    @pytest.mark.parametrize(
        ("answer", "cause"),
        [
            (Answer(503, (("Retry-After", "700"),)), "the server is failing, so its metadata could not be read"),
            (Answer(429, (("Retry-After", "700"),)), "the server limits requests, so its metadata could not be read"),
        ],
    )
    def test_an_outage_of_the_metadata_is_exit_code_4(
        self, cli: Runner, command: str, answer: Answer, cause: str
    ) -> None:
        """The error says how many seconds to wait, and does not doubt the issuer."""
        with serve(answer) as server:
            given = ("--issuer", server.url, "--client-id", "id", "--auth", "none") if command == "token" else ()
            result = cli(command, *given or (server.url,))
        assert (result.code, result.out, result.err.count("\n")) == (TRY_LATER, "", 1)
        assert cause in result.err
        assert result.err.endswith("; try again in 700 seconds\n")
        assert "check the issuer" not in result.err

    @pytest.mark.parametrize(
        ("answer", "advice"),
        [
            (Answer(503, (("Retry-After", "30"),)), "try again in 30 seconds"),
            (Answer(429, (("Retry-After", "3600"),)), "try again in 3600 seconds"),
            (Answer(500, (("Retry-After", "9"),)), "try again in 9 seconds"),
            (Answer(501), "try again later"),
            (Answer(400, (("Retry-After", "9"),), (b'{"error": "temporarily_unavailable"}',)), "try again in 9 sec"),
        ],
    )
    def test_a_failing_server_is_exit_code_4(self, cli: Runner, answer: Answer, advice: str) -> None:
        """The error says how many seconds to wait."""
        with serve(answer) as server:
            result = cli("token", *LOCAL, f"{server.url}/token", "--secret-stdin", stdin="sec")
        assert (result.code, result.out, result.err.count("\n")) == (TRY_LATER, "", 1)
        assert advice in result.err

    def test_another_process_that_renews_for_too_long_is_exit_code_3(
        self, cli: Runner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """No answer came from the server."""

        def late(_arguments: object, _stdin: object) -> str:
            raise RenewalTimedOut(30.0)

        monkeypatch.setattr(commands, "run", late)
        assert cli("token", *LOCAL, "http://127.0.0.1:1/", "--secret-stdin", stdin="sec").code == NO_ANSWER

    def test_an_interrupt_is_silent(self, cli: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
        """Its exit code is that of a shell for SIGINT."""

        def interrupted(_arguments: object, _stdin: object) -> str:
            raise KeyboardInterrupt

        monkeypatch.setattr(commands, "run", interrupted)
        assert cli("store", "list") == Result(INTERRUPTED, "", "")

    def test_a_proxy_is_an_option_or_in_the_environment(self, cli: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
        """The option wins. A password of the proxy is not an argument."""
        given = ("token", *LOCAL, "http://as.example/token", "--allow-http", "--auth", "none", "--no-store")
        with serve(TOKEN) as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.url)
            assert cli(*given, "--format", "token") == Result(DONE, "tok-1\n", "")
            monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
            assert cli(*given, "--proxy", proxy.url, "--format", "token") == Result(DONE, "tok-1\n", "")
            assert [asked.path for asked in proxy.asked] == ["http://as.example/token"] * 2
        for url in ("http://user:M4RKER@proxy.example", "proxy.example", "ftp://proxy.example"):
            refused = cli(*given, "--proxy", url)
            assert (refused.code, "M4RKER" in refused.err) == (BAD_INPUT, False)
            assert "--proxy must be the http or https URL of a proxy, without userinfo" in refused.err
        for url in ("gopher://M4RKER", "http://M4RKER:port"):
            monkeypatch.setenv("HTTP_PROXY", url)
            refused = cli(*given)
            assert (refused.code, "M4RKER" in refused.err, "correct HTTPS_PROXY" in refused.err) == (
                BAD_INPUT,
                False,
                True,
            )

    def test_verbose_prints_each_request_and_answer_redacted(
        self, cli: Runner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The secret is redacted also where the server repeats it."""
        monkeypatch.setenv("OAUTH_CLIENT_SECRET", "M4RKER")
        description = b'{"error": "invalid_client", "error_description": "M4RKER is wrong, aWQ6TTRSS0VS too"}'
        headers = (("X-Debug", "M4RKER"), ("X-RateLimit-Remaining", "7"))
        with serve(Answer(401, headers, (description,)), TOKEN) as server:
            given = ("token", *LOCAL, f"{server.url}/token", "--no-store", "--verbose", "--format", "token")
            refused, done = cli(*given, "--scope", "a"), cli(*given, "--auth", "post")
        assert (refused.code, refused.out, done.code, done.out) == (REFUSED, "", DONE, "tok-1\n")
        assert "M4RKER" not in refused.err + done.err
        assert "aWQ6" not in refused.err
        assert "tok-1" not in done.err
        for line in (
            f"> POST {server.url}/token",
            "> Authorization: Basic ***",
            "> grant_type=client_credentials&scope=a",
            "< 401",
            "< X-RateLimit-Remaining: 7",
            '< {"error":"invalid_client","error_description":"*** is wrong, *** too"}',
        ):
            assert line in refused.err.splitlines()
        assert "> grant_type=client_credentials&client_id=id&client_secret=***" in done.err.splitlines()
        assert '< {"access_token":"***","token_type":"Bearer","expires_in":3600}' in done.err.splitlines()

    @pytest.mark.parametrize("from_file", [False, True])
    def test_verbose_shows_the_public_members_of_metadata(
        self, cli: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, from_file: bool
    ) -> None:
        """It shows neither the query of a URL, nor a secret, nor any other member, nor these of a token response."""
        file = tmp_path / "secret.txt"
        file.write_text("M4RKER\n")
        if not from_file:
            monkeypatch.setenv("OAUTH_CLIENT_SECRET", "M4RKER")

        def answer(asked: Asked) -> Answer:
            base = f"http://{asked.headers['Host']}"
            members: dict[str, object] = {"issuer": base, "token_endpoint": f"{base}/token?key=h1dden"}
            if asked.method == "POST":
                members = {"access_token": "tok-1", "token_type": "Bearer", "expires_in": 3600, "issuer": "tok-1"}
            else:
                members |= {"scopes_supported": ["a", "M4RKER"], "own": "h1dden"}
                members["mtls_endpoint_aliases"] = {"token_endpoint": f"{base}/mtls?key=h1dden"}
                members["tls_client_certificate_bound_access_tokens"] = True
            return Answer(chunks=(json.dumps(members).encode(),))

        with serve(answer) as server:
            given = ("--client-id", "id", "--issuer", server.url, "--no-store", "--verbose", "--format", "token")
            result = cli("token", *given, *(("--secret-file", str(file)) if from_file else ()))
        assert (result.code, result.out) == (DONE, "tok-1\n")
        assert not [text for text in ("M4RKER", "h1dden", "tok-1") if text in result.err]
        shown = {
            "issuer": server.url,
            "token_endpoint": f"{server.url}/token?***",
            "scopes_supported": ["a", "***"],
            "own": "***",
            "mtls_endpoint_aliases": {"token_endpoint": f"{server.url}/mtls?***"},
            "tls_client_certificate_bound_access_tokens": True,
        }
        answers = [json.loads(line[2:]) for line in result.err.splitlines() if line.startswith("< {")]
        assert answers[0] == shown
        assert answers[1]["issuer"] == "***"

    def test_a_rejection_is_exit_code_1(self, cli: Runner) -> None:
        """A rejection by the server is exit code 1 with the server's reason; so is a response without a token."""
        refusal = Answer(401, chunks=(b'{"error": "invalid_client", "error_description": "unknown client"}',))
        for answer, reason in ((refusal, "invalid_client (HTTP 401): unknown client"), (Answer(404), "HTTP 404")):
            with serve(answer) as server:
                result = cli("token", *LOCAL, f"{server.url}/token", "--secret-stdin", stdin="sec")
            assert (result.code, result.out) == (REFUSED, "")
            assert reason in result.err

    def test_no_response_is_exit_code_3(self, cli: Runner) -> None:
        """A missing response is exit code 3."""
        with serve(TOKEN) as server:
            url = f"{server.url}/token"
        result = cli("token", *LOCAL, url, "--secret-stdin", stdin="sec")
        assert (result.code, result.out) == (NO_ANSWER, "")
        assert "check the URL, the network and any proxy" in result.err

    def test_only_a_named_authority_is_trusted(self, cli: Runner, tmp_path: Path) -> None:
        """A private authority is trusted only if --ca-file names it."""
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        trusted = tmp_path / "ca.pem"
        authority.cert_pem.write_to_path(str(trusted))
        broken = tmp_path / "broken.pem"
        broken.write_text("nothing")
        with serve(TOKEN, tls=context) as server:
            arguments = ("token", *LOCAL, f"{server.url}/token", "--secret-stdin", "--format", "token", "--no-store")
            assert cli(*arguments, "--ca-file", str(trusted), stdin="sec").out == "tok-1\n"
            assert cli(*arguments, stdin="sec").code == NO_ANSWER
            for file in (broken, tmp_path / "missing.pem"):
                assert "cannot be read as PEM" in cli(*arguments, "--ca-file", str(file), stdin="sec").err

    def test_a_missing_http_library_names_the_extra(self, cli: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without an HTTP library the error names the extra."""
        monkeypatch.setitem(sys.modules, "httpx2", None)
        result = cli("token", *LOCAL, "http://127.0.0.1:1/", "--secret-stdin", stdin="sec")
        assert (result.code, "pip install 'oauth_cc[cli]'" in result.err) == (BAD_INPUT, True)


class TestAuthentication:
    """Client authentication methods without a shared secret."""

    @pytest.fixture
    def key(self, tmp_path: Path) -> str:
        """Return the file of a private key."""
        file = tmp_path / "key.pem"
        file.write_bytes(ECKey.generate_key("P-256").as_pem(private=True))
        return str(file)

    def test_private_key_jwt_sends_an_assertion_for_the_issuer(self, cli: Runner, key: str) -> None:
        """`request` redacts the assertion; `token` sends one for the issuer."""
        signed = ("--auth", "private-key-jwt", "--key", key, "--key-id", "k1", "--issuer", "https://as.example")
        shown = cli("request", *LOCAL, "https://as.example/token", *signed)
        assert shown.out.endswith("client-assertion-type%3Ajwt-bearer&client_assertion=***\n")
        with serve(TOKEN) as server:
            assert cli("token", *LOCAL, f"{server.url}/token", *signed).code == DONE
            form = dict(parse_qsl(server.asked[0].body.decode()))
        header, claims, _ = form["client_assertion"].split(".")
        assert _json(header) == {"alg": "ES256", "typ": "client-authentication+jwt", "kid": "k1"}
        assert _json(claims)["aud"] == "https://as.example"

    def test_options_set_the_claims_of_an_assertion(self, cli: Runner, key: str) -> None:
        """--audience, --typ, --lifetime and --claims set what a server requires. --typ none omits the typ."""
        terms = ("--audience", "https://as.example/token", "--typ", "none", "--lifetime", "30", "--claims", '{"a":1}')
        signed = ("--auth", "private-key-jwt", "--key", key, "--issuer", "https://as.example", *terms)
        with serve(TOKEN) as server:
            assert cli("token", *LOCAL, f"{server.url}/token", *signed).code == DONE
            header, claims, _ = dict(parse_qsl(server.asked[0].body.decode()))["client_assertion"].split(".")
        assert "typ" not in _json(header)
        said = _json(claims)
        assert said["a"] == 1
        assert "must not have aud" in cli("token", *LOCAL, "http://127.0.0.1:1/", *signed, "--claims", '{"aud":1}').err
        assert (said["aud"], int(f"{said['exp']}") - int(f"{said['iat']}")) == ("https://as.example/token", 30)

    def test_secret_jwt_does_not_send_the_secret(self, cli: Runner) -> None:
        """The secret itself is not sent, and not needed to print a request."""
        signed = ("--auth", "secret-jwt", "--issuer", "https://as.example", "--audience", "https://as.example/token")
        assert "client_assertion=***" in cli("request", *LOCAL, "https://as.example/token", *signed).out
        with serve(TOKEN) as server:
            done = cli("token", *LOCAL, f"{server.url}/token", *signed, "--secret-stdin", stdin="7Fjfp0ZBr1KtDRbn" * 2)
            assert done.code == DONE
            assert b"7Fjfp0ZBr1KtDRbn" not in server.asked[0].body
            assert cli("token", *LOCAL, f"{server.url}/token", *signed).code == BAD_INPUT

    def test_the_content_of_the_assertion_file_is_sent(self, cli: Runner, tmp_path: Path) -> None:
        """The content of the assertion file is sent."""
        file = tmp_path / "assertion"
        file.write_text("eyJhbGciOiJFUzI1NiJ9.e30.c2ln\n")
        with serve(TOKEN) as server:
            given = ("--auth", "assertion", "--assertion-file", str(file), "--assertion-type", "urn:x:svid")
            assert cli("token", *LOCAL, f"{server.url}/token", *given).code == DONE
            form = dict(parse_qsl(server.asked[0].body.decode()))
        assert (form["client_id"], form["client_assertion"]) == ("id", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln")
        assert form["client_assertion_type"] == "urn:x:svid"

    @pytest.mark.parametrize("bound", [False, True])
    def test_a_certificate_authenticates_or_binds_the_token(self, cli: Runner, tmp_path: Path, bound: bool) -> None:
        """The connection presents the certificate, to authenticate or to bind the token."""
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
        ours = authority.issue_cert("client.example")
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        ours.cert_chain_pems[0].write_to_path(str(tmp_path / "client.pem"))
        ours.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
        way = ("--auth", "basic", "--secret-stdin") if bound else ("--auth", "tls")
        files = ("--certificate", str(tmp_path / "client.pem"), "--ca-file", str(tmp_path / "ca.pem"))
        with serve(TOKEN, tls=context) as server:
            given = ("token", *LOCAL, f"{server.url}/token", *way, *files, "--no-store")
            assert cli(*given, "--certificate-key", str(tmp_path / "key.pem"), stdin="sec").code == DONE
            assert dict(parse_qsl(server.asked[0].body.decode())).get("client_id") == (None if bound else "id")
            wrong = cli(*given, "--certificate-key", str(tmp_path / "ca.pem"), stdin="sec")
            assert (BAD_INPUT, True) == (wrong.code, "in the same file or in --certificate-key" in wrong.err)
            wrong = cli(*given, "--certificate-key", str(tmp_path / "nosuch"), stdin="sec")
            assert (wrong.code, "cannot be read: No such file" in wrong.err) == (BAD_INPUT, True)
            assert f"check {tmp_path / 'client.pem'} or {tmp_path / 'nosuch'}\n" in wrong.err

    def test_one_key_signs_and_another_connects(
        self, cli: Runner, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A signing key and a client certificate combine, each with its option, and either key may be encrypted."""
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
        ours = authority.issue_cert("client.example")
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        loaded = serialization.load_pem_private_key(ours.private_key_pem.bytes(), None)
        assert isinstance(loaded, EllipticCurvePrivateKey)
        (tmp_path / "client.pem").write_bytes(ours.cert_chain_pems[0].bytes() + pem(loaded, password=b"pass"))
        way = ("--auth", "private-key-jwt", "--key", key, "--issuer", "https://as.example")
        files = ("--certificate", str(tmp_path / "client.pem"), "--ca-file", str(tmp_path / "ca.pem"))
        monkeypatch.setenv("KEY_PASSWORD", "pass")
        with serve(TOKEN, tls=context) as server:
            given = ("token", *LOCAL, f"{server.url}/token", *way, *files, "--no-store")
            assert cli(*given, "--key-password-env", "KEY_PASSWORD").code == DONE
            assert cli(*given).code == BAD_INPUT
            (tmp_path / "key.pem").write_bytes(pem(CURVES["ES256"], password=b"pass"))
            assert cli(*given, "--key-password-env", "KEY_PASSWORD").code == DONE
            assert (
                "--key-password-env must name a variable that is set" in cli(*given, "--key-password-env", "NOSUCH").err
            )

    def test_kid_and_certificate_thumbprint_are_in_the_header(self, cli: Runner, key: str, tmp_path: Path) -> None:
        """The JWT header has the kid and the certificate's thumbprint, by which Entra ID identifies the key."""
        issued = trustme.CA().issue_cert("client.example")
        issued.cert_chain_pems[0].write_to_path(str(tmp_path / "client.pem"))
        way = ("--auth", "private-key-jwt", "--key", key, "--issuer", "https://as.example", "--key-id", "k1")
        with serve(TOKEN) as server:
            given = ("token", *LOCAL, f"{server.url}/token", *way, "--key-certificate", str(tmp_path / "client.pem"))
            assert cli(*given).code == DONE
            form = dict(parse_qsl(server.asked[0].body.decode()))
        header = _json(form["client_assertion"].partition(".")[0])
        certificate = Certificate.from_pem(issued.cert_chain_pems[0].bytes())
        assert (header["kid"], header["x5t#S256"]) == ("k1", certificate.thumbprint)

    def test_an_error_does_not_quote_what_the_server_sent(self, cli: Runner) -> None:
        """A token stands where HTTP has the size of a chunk."""
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        with answer_with(head + b'{"access_token": "tok-1"}\r\n') as url:
            result = cli("token", *LOCAL, url, "--auth", "none", "--no-store")
        assert result.code == NO_ANSWER
        assert "the response is not HTTP" in result.err
        assert "tok-1" not in result.err

    def test_the_issuer_names_the_endpoint(self, cli: Runner) -> None:
        """The issuer is enough; without issuer and endpoint the error names both options."""
        with AuthorizationServer(clients=[RegisteredClient("id", "sec")]) as server:
            given = ("--client-id", "id", "--issuer", server.issuer)
            assert cli("token", *given, "--secret-stdin", stdin="sec").code == DONE
            assert cli("request", *given).out.startswith(f"POST {server.token_endpoint}\n")
        result = cli("token", "--client-id", "id", "--secret-stdin", stdin="sec")
        assert (result.code, "--issuer" in result.err) == (BAD_INPUT, True)

    def test_the_profile_lists_unmet_requirements(self, cli: Runner, key: str) -> None:
        """--profile lists each requirement of FAPI 2.0 and what to do about an unmet one."""
        signed = ("--auth", "private-key-jwt", "--key", key, "--issuer", "https://as.example")
        result = cli("request", *LOCAL, "https://as.example/token", *signed, "--profile", "fapi2")
        assert result.code == DONE
        assert result.out.partition("\n\n")[2].partition("\n\n")[2].splitlines() == [
            "yes  5.3.3.1  authenticate with private_key_jwt or mutual TLS",
            "NO   5.3.3.1  bind tokens to a key or a certificate: use with_dpop(key), or a client certificate",
            "yes  5.4.1    sign with PS256, ES256 or EdDSA",
            "yes  5.3.3.1  name the issuer, as a string, as the audience of assertions",
            "yes  5.2.1    use https",
            "NO   5.3.3.1  take the endpoint from the issuer's metadata: configure the issuer in place of the endpoint",
        ]

    @pytest.mark.parametrize(
        ("given", "reason"),
        [
            (("--auth", "private-key-jwt", "--issuer", "https://as.example"), "--key is required by --auth private-k"),
            (("--auth", "private-key-jwt", "--key", "/no/such"), "--issuer is required by --auth private-key-jwt"),
            (
                ("--auth", "private-key-jwt", "--key", "/no/such", "--issuer", "https://as.example"),
                "/no/such cannot be read",
            ),
            (("--auth", "private-key-jwt", "--key", __file__, "--issuer", "https://as.example"), "is not PEM"),
            (("--auth", "assertion"), "--assertion-file is required by --auth assertion; pass the path of a file"),
            (("--auth", "tls"), "--certificate is required by --auth tls; pass the path of a file"),
            (("--auth", "tls", "--certificate", "/no/such"), "oauth-cc: --certificate cannot be read: No such file"),
            (
                ("--auth", "secret-jwt", "--issuer", "https://as.example", "--algorithm", "RS256"),
                "use --auth private-key-jwt",
            ),
            (
                ("--auth", "private-key-jwt", "--key", "{}", "--issuer", "https://as.example"),
                "path of its file to --key",
            ),
            (("--typ", "JWT"), "oauth-cc: --typ does not apply to --auth basic"),
            (("--auth", "tls", "--lifetime", "0"), "oauth-cc: --lifetime does not apply to --auth tls"),
            (
                ("--auth", "secret-jwt", "--issuer", "https://as.example", "--lifetime", "0"),
                "lifetime must be a whole number of seconds from 1 to 3600",
            ),
            (("--key", "key.pem"), "--key does not apply to --auth basic; use --auth private-key-jwt"),
            (("--algorithm", "ES256"), "use --auth secret-jwt or private-key-jwt"),
            (("--auth", "tls", "--secret-env", "HOME"), "--secret-env does not apply to --auth tls"),
            (("--auth", "none", "--assertion-file", "f"), "--assertion-file does not apply to --auth none"),
        ],
    )
    def test_a_missing_or_unused_option_is_bad_input(self, cli: Runner, given: tuple[str, ...], reason: str) -> None:
        """A method rejects an option that it does not use, so that a key never leads to sending a secret."""
        result = cli("request", *LOCAL, "https://as.example/token", *given)
        assert (result.code, result.out) == (BAD_INPUT, "")
        assert reason in result.err

    def test_variables_describe_the_client_and_its_server(
        self, cli: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, key: str
    ) -> None:
        """Options add to the request. The file of the secret is read when a request is sent, and not to print one."""
        file = tmp_path / "secret"
        file.touch()
        for name, value in {"CLIENT_ID": "id", "CLIENT_SECRET_FILE": str(file), "SCOPE": "a"}.items():
            monkeypatch.setenv(f"MYAPI_{name}", value)
        with serve(TOKEN) as server:
            monkeypatch.setenv("MYAPI_TOKEN_URL", f"{server.url}/token")
            given = ("--environment", "MYAPI_", "--scope", "b", "--parameter", "audience=x")
            assert "Basic ***" in cli("request", *given).out
            file.write_text("s3cret")
            assert cli("token", *given, "--no-store").code == DONE
            assert "scope=a+b&audience=x" in cli("token", *given, "--no-store", "--verbose").err
            assert server.asked[0].headers["Authorization"] == "Basic aWQ6czNjcmV0"
        monkeypatch.delenv("MYAPI_CLIENT_SECRET_FILE")
        monkeypatch.setenv("MYAPI_PRIVATE_KEY_FILE", key)
        monkeypatch.setenv("MYAPI_ISSUER", "https://as.example")
        assert "client_assertion=***" in cli("request", *given).out

    def test_a_token_for_an_api_needs_its_url_and_the_issuer(
        self, cli: Runner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The API names the scope. Of the servers that it names, only the issuer gets the credentials."""
        monkeypatch.setenv("OAUTH_CLIENT_SECRET", "s3cret")
        with AuthorizationServer() as server, ProtectedResource(server, scope=Scope.of("read")) as api:
            given = ("token", "--client-id", "your_id", "--no-store", "--resource-url", api.url)
            result = cli(*given, "--issuer", server.issuer)
            assert (result.code, '"scope":"read"' in result.out) == (DONE, True)
            for more in ((), ("--issuer", server.issuer, "--token-url", server.token_endpoint)):
                refused = cli(*given, *more)
                assert (refused.code, "--resource-url requires --issuer" in refused.err) == (BAD_INPUT, True)
            api.misbehave(Fault(members={"authorization_servers": ["https://evil.example"]}))
            other = cli(*given, "--issuer", server.issuer)
            assert (other.code, "names https://evil.example as authorization servers" in other.err) == (REFUSED, True)
            assert 1 == len(server.token_requests)

    def test_variables_name_an_issuer(self, cli: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
        """Its metadata names the endpoints."""
        with AuthorizationServer(clients=[RegisteredClient("id", "s3cret")]) as server:
            for name, value in {"CLIENT_ID": "id", "CLIENT_SECRET": "s3cret", "ISSUER": server.issuer}.items():
                monkeypatch.setenv(f"MYAPI_{name}", value)
            token = cli("token", "--environment", "MYAPI_", "--format", "token").out
            assert cli("revoke", "--environment", "MYAPI_", stdin=token).out == "revoked\n"

    def test_faults_of_variables_are_named_in_the_words_of_the_command_line(
        self, cli: Runner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """All of them at once. An option that describes the client too is one."""
        monkeypatch.setenv("MYAPI_TOKEN_URL", "http://as:8080/token")
        for option in (
            ("--client-id", "id"),
            ("--auth", "none"),
            ("--secret-stdin",),
            ("--issuer", "https://as.example"),
        ):
            result = cli("token", "--environment", "MYAPI_", *option)
            assert (result.code, f"{option[0]} must not be combined with --environment" in result.err) == (
                BAD_INPUT,
                True,
            )
        result = cli("token", "--environment", "MYAPI_")
        assert (result.code, result.err.count("MYAPI_CLIENT_ID must be set")) == (BAD_INPUT, 1)
        assert (
            "MYAPI_TOKEN_URL must use https, as anyone on the network can read plain http; --allow-http" in result.err
        )
        assert "MYAPI_TOKEN_URL" not in cli("token", "--environment", "MYAPI_", "--allow-http").err
        result = cli("token", "--token-url", "https://as.example/token")
        assert (result.code, "--client-id is required; pass it, or pass --environment" in result.err) == (
            BAD_INPUT,
            True,
        )

    def test_a_missing_signing_library_names_the_extra(
        self, cli: Runner, key: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Without a library that signs the error names the extra."""
        monkeypatch.delitem(sys.modules, "oauth_cc.jose", raising=False)
        monkeypatch.delitem(sys.modules, "oauth_cc.jose._joserfc", raising=False)
        monkeypatch.setitem(sys.modules, "joserfc.jwk", None)
        signed = ("--auth", "private-key-jwt", "--key", key, "--issuer", "https://as.example")
        result = cli("request", *LOCAL, "https://as.example/token", *signed)
        assert (result.code, "pip install 'oauth_cc[cli,jwt]'" in result.err) == (BAD_INPUT, True)


def _by_scope(asked: Asked) -> Answer:
    refused = Answer(400, chunks=(b'{"error": "invalid_scope"}',))
    busy = Answer(503, (("Retry-After", "30"),))
    return {b"refused": refused, b"busy": busy}.get(asked.body.partition(b"scope=")[2], TOKEN)


def _json(part: str) -> dict[str, object]:
    members: dict[str, object] = json.loads(urlsafe_b64decode(f"{part}=="))
    return members


class TestStore:
    """Tokens stored between runs, and oauth-cc store."""

    HEADING = "cache key  expires at (UTC)     scope\n"

    def test_a_shell_loop_makes_one_request_for_each_scope(self, cli: Runner) -> None:
        """The order of scope-tokens does not matter."""
        with serve(TOKEN, Answer(chunks=(TOKEN.chunks[0].replace(b"tok-1", b"tok-2"),))) as server:
            arguments = ("token", *LOCAL, f"{server.url}/token", "--secret-stdin", "--format", "token")
            for scope in ("a b", "b a", "b", "a b"):
                found = cli(*arguments, "--scope", scope, stdin="sec")
                assert (found.out, found.err) == ("tok-2\n" if scope == "b" else "tok-1\n", "")
            assert len(server.asked) == 2
            assert cli(*arguments, "--scope", "a b", "--no-store", stdin="sec").out == "tok-2\n"
            assert len(server.asked) == 3

    def test_stored_tokens_are_listed_and_cleared(self, cli: Runner) -> None:
        """`store list` lists the stored tokens without their secrets, and `store clear` deletes them."""
        assert cli("store", "list") == Result(DONE, self.HEADING, "")
        with serve(TOKEN) as server:
            cli("token", *LOCAL, f"{server.url}/token", "--secret-stdin", "--scope", "a b", stdin="sec")
            listed = cli("store", "list")
            assert re.fullmatch(
                re.escape(self.HEADING) + r"[0-9a-f]{8}   \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d  a b\n", listed.out
            )
            assert cli("store", "clear") == Result(DONE, "files removed: 1\n", "")
            assert cli("store", "list") == Result(DONE, self.HEADING, "")
            cli("token", *LOCAL, f"{server.url}/token", "--secret-stdin", "--scope", "a b", stdin="sec")
            assert len(server.asked) == 2

    def test_an_unusable_directory_is_reported(self, cli: Runner, tmp_path: Path) -> None:
        """An unusable directory is reported and the token printed; `store list` fails."""
        (tmp_path / "cache").write_text("a file")
        with serve(TOKEN) as server:
            found = cli("token", *LOCAL, f"{server.url}/token", "--secret-stdin", "--format", "token", stdin="sec")
        assert (found.code, found.out) == (DONE, "tok-1\n")
        assert found.err.startswith("oauth-cc: the token was not stored: ")
        assert found.err.count("\n") == 1
        assert cli("store", "list").code == BAD_INPUT

    def test_without_a_home_the_token_is_printed_with_one_warning(
        self, cli: Runner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In a container a user may have neither HOME nor an entry in the user database."""

        def unknown(_user: int) -> pwd.struct_passwd:
            raise KeyError

        monkeypatch.delenv("HOME")
        monkeypatch.delenv("XDG_CACHE_HOME")
        monkeypatch.setattr(pwd, "getpwuid", unknown)
        with serve(TOKEN) as server:
            found = cli("token", *LOCAL, f"{server.url}/token", "--secret-stdin", "--format", "token", stdin="sec")
        assert (found.code, found.out, found.err.count("\n")) == (DONE, "tok-1\n", 1)
        assert found.err.startswith("oauth-cc: the token was not stored: ")
        assert "HOME" in found.err
        listed = cli("store", "list")
        assert (listed.code, listed.out, "HOME" in listed.err) == (BAD_INPUT, "", True)

    def test_a_missing_store_library_names_the_extra(self, cli: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without the library of the store the error names the extra and --no-store."""
        monkeypatch.delitem(sys.modules, "oauth_cc.stores.file", raising=False)
        monkeypatch.setitem(sys.modules, "filelock", None)
        for arguments in (("token", *LOCAL, "http://127.0.0.1:1/", "--secret-stdin"), ("store", "list")):
            result = cli(*arguments, stdin="sec")
            assert (result.code, "pip install 'oauth_cc[cli]'" in result.err) == (BAD_INPUT, True)
            assert "--no-store" in result.err


class TestRevocation:
    """oauth-cc revoke and oauth-cc introspect."""

    @pytest.mark.parametrize("source", ["--token-stdin", "--token-file", "--token-env", None])
    def test_a_token_is_revoked(
        self, cli: Runner, source: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The token comes from standard input, a file or a variable. The issuer names the endpoints."""
        monkeypatch.setenv("OAUTH_CLIENT_SECRET", "sec")
        file = tmp_path / "token"
        with AuthorizationServer(clients=[RegisteredClient("id", "sec", Scope.of("a"))]) as server:
            client = ("--client-id", "id", "--issuer", server.issuer)
            token = cli("token", *client, "--scope", "a", "--no-store", "--format", "token").out
            file.write_text(token)
            monkeypatch.setenv("OWN_TOKEN", token.strip())
            given = {
                "--token-file": ("--token-file", str(file)),
                "--token-env": ("--token-env", "OWN_TOKEN"),
                "--token-stdin": ("--token-stdin",),
            }.get(source or "", ())
            known = json.loads(cli("introspect", *client, *given, stdin=token).out)
            assert (known["active"], known["client_id"], known["scope"]) == (True, "id", "a")
            assert cli("revoke", *client, *given, stdin=token) == Result(DONE, "revoked\n", "")
            assert cli("introspect", *client, *given, stdin=token) == Result(DONE, '{"active":false}\n', "")

    def test_an_endpoint_can_be_named(self, cli: Runner) -> None:
        """A refusal is exit code 1, and the token is shown by nothing."""
        refusal = Answer(400, chunks=(b'{"error": "unsupported_token_type", "error_description": "M4RKER"}',))
        with serve(refusal) as server:
            for command, option in (("revoke", "--revocation-url"), ("introspect", "--introspection-url")):
                given = (command, "--client-id", "id", option, f"{server.url}/x", "--auth", "none", "--verbose")
                result = cli(*given, stdin="M4RKER")
                assert (result.code, result.out, "M4RKER" in result.err) == (REFUSED, "", False)
                assert "unsupported_token_type" in result.err

    def test_an_error_names_the_endpoint(self, cli: Runner) -> None:
        """It is not the token endpoint."""
        with serve(Answer(404)) as server:
            for command, name in (("revoke", "revocation"), ("introspect", "introspection")):
                given = (command, "--client-id", "id", f"--{name}-url", f"{server.url}/x", "--auth", "none")
                result = cli(*given, stdin="tok-1")
                assert (result.code, f"check the {name} endpoint and any proxy" in result.err) == (REFUSED, True)

    @pytest.mark.parametrize(
        ("given", "advice"),
        [
            (("--revocation-url", "https://as.example/", "--secret-stdin"), "--token-stdin cannot be combined with"),
            (("--revocation-url", "https://as.example/", "--auth", "none"), "no token on standard input; pipe it in"),
            (("--auth", "none", "--token-env", "NO_SUCH"), "--token-env must name a variable that is set"),
            (("--auth", "none", "--token-file", "/no/such"), "--token-file cannot be read"),
            (("--auth", "none", "--token-env", "OWN_TOKEN"), "--revocation-url or --issuer is required"),
            (("--auth", "none", "--issuer", "{}", "--token-env", "OWN_TOKEN"), "metadata has no revocation_endpoint"),
        ],
    )
    def test_a_missing_token_or_endpoint_is_bad_input(
        self, cli: Runner, given: tuple[str, ...], advice: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The error says what to pass."""
        monkeypatch.setenv("OWN_TOKEN", "tok-1")

        def metadata(asked: Asked) -> Answer:
            issuer = f"http://{asked.headers['Host']}"
            return Answer(chunks=(f'{{"issuer": "{issuer}", "token_endpoint": "{issuer}/token"}}'.encode(),))

        with serve(metadata) as server:
            result = cli("revoke", "--client-id", "id", *[text.format(server.url) for text in given])
        assert (result.code, result.out, advice in result.err) == (BAD_INPUT, "", True)


class TestMetadata:
    """oauth-cc metadata."""

    def test_metadata_are_printed_as_a_table(self, cli: Runner) -> None:
        """The metadata of a server is a table with a star at each supported method."""
        with AuthorizationServer(clients=[RegisteredClient("id", "sec", Scope.of("a", "b"))]) as server:
            result = cli("metadata", server.issuer)
            assert result == Result(
                DONE,
                f"issuer               {server.issuer}\n"
                f"token endpoint       {server.token_endpoint}\n"
                "mTLS token endpoint  -\n"
                f"revocation           {server.revocation_endpoint}\n"
                f"introspection        {server.introspection_endpoint}\n"
                "authentication       client_secret_basic *, client_secret_post *, private_key_jwt *,"
                " client_secret_jwt *\n"
                "signing algorithms   RS256 *, RS384 *, RS512 *, PS256 *, PS384 *, PS512 *, ES256 *, ES384 *, ES512 *,"
                " EdDSA *, Ed25519 *, HS256 *, HS384 *, HS512 *\n"
                "DPoP algorithms      ES256 *, ES384 *, ES512 *, PS256 *, PS384 *, PS512 *, RS256 *, RS384 *, RS512 *,"
                " EdDSA *, Ed25519 *\n"
                "binds to certificate no\n"
                "grants               client_credentials, urn:ietf:params:oauth:grant-type:jwt-bearer\n"
                "scopes               a, b\n"
                "\n"
                "* supported by this client\n",
                "",
            )

    def test_an_api_is_told_from_an_issuer(self, cli: Runner) -> None:
        """Its own table comes first, and then those of the servers that it names."""
        with AuthorizationServer() as server, ProtectedResource(server, scope=Scope.of("read")) as api:
            result = cli("metadata", api.url)
            assert result.code == DONE
            assert result.out.startswith(
                f"{api.url} is a protected resource (RFC 9728)\n"
                "\n"
                f"resource             {api.url}\n"
                f"issuers              {server.issuer}\n"
                "scopes               read\n"
                "accepts the token in header\n"
                "requires DPoP        no\n"
                "\n"
                f"issuer               {server.issuer}\n"
            )
            api.misbehave(Fault(members={"authorization_servers": ["https://as.invalid?x", f"{server.issuer}/x"]}))
            assert f"issuers              {server.issuer}/x\n" in (out := cli("metadata", api.url).out)
            assert "no metadata          HTTP 404" in out
            with api.misbehaving(Fault(status=404)):
                assert REFUSED == cli("metadata", api.url).code
            assert () == server.token_requests

    def test_each_error_is_one_sentence_and_its_exit_code(self, cli: Runner) -> None:
        """Metadata of another server is exit code 1, a bad issuer 2, a missing response 3."""
        document = b'{"issuer": "https://as.example", "token_endpoint": "https://as.example/token"}'
        with serve(Answer(chunks=(document,))) as server:
            url = server.url
            results = [cli("metadata", url), cli("metadata", "http://as.example")]
        results.append(cli("metadata", url))
        assert [REFUSED, BAD_INPUT, NO_ANSWER] == [result.code for result in results]
        assert [("", 1)] * 3 == [(result.out, result.err.count("\n")) for result in results]
        expected = ["another issuer, 'https://as.example'", "use https", "check the URL, the network and any proxy"]
        assert all(text in result.err for text, result in zip(expected, results, strict=True))


class TestDemo:
    """oauth-cc demo."""

    def test_the_demo_prints_every_step_without_a_secret(self, cli: Runner) -> None:
        """The demo prints each step from the record to the resource's 200, and no secret."""
        result = cli("demo")
        assert result.code == DONE
        steps = ("The client", "The token request", "The body", "The HTTP request", "The response", "The API call")
        for step in steps:
            assert step in result.out
        assert "grant_type=client_credentials&scope=hello+world" in result.out
        assert "The resource returns 200" in result.out
        assert "Basic ***" in result.out
        assert "Bearer ***" in result.out

    def test_a_missing_server_library_names_the_extras(self, cli: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without the library of the server the error names the extras."""
        monkeypatch.setitem(sys.modules, "authlib.oauth2", None)
        for name in [name for name in sys.modules if name.startswith(("oauth_cc.cli.demo", "oauth_cc.testing"))]:
            monkeypatch.delitem(sys.modules, name)
        # To load it anew replaces the attribute of its package, too.
        monkeypatch.setattr(oauth_cc, "testing", oauth_cc.testing)
        result = cli("demo")
        assert (result.code, "pip install 'oauth_cc[cli,testing]'" in result.err) == (BAD_INPUT, True)


class TestProcess:
    """The command line as a process."""

    @pytest.mark.parametrize(
        "command", [[str(Path(sys.executable).with_name("oauth-cc"))], [sys.executable, "-m", "oauth_cc"]]
    )
    def test_script_and_module_are_the_same_program(self, command: list[str]) -> None:
        """oauth-cc and python -m oauth_cc are the same program."""
        done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
        assert done.stdout == f"oauth-cc {__version__}\n"
        failed = subprocess.run([*command, "body", "--client-id", ""], capture_output=True, text=True, check=False)
        assert (failed.returncode, failed.stdout) == (BAD_INPUT, "")
        assert failed.stderr == "oauth-cc: client_id must not be empty (is an environment variable unset?)\n"

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("command", "code", "said"),
        [
            ('"$@"', DONE, r""),
            ('"$@" --scope refused', REFUSED, r"oauth-cc: .*invalid_scope \(HTTP 400\)[^\n]*\n"),
            ('OAUTH_CLIENT_SECRET= "$@"', BAD_INPUT, r"oauth-cc: OAUTH_CLIENT_SECRET must not be empty[^\n]*\n"),
            ('"$@" --token-url http://127.0.0.1:1/token', NO_ANSWER, r"oauth-cc: no response from the server[^\n]*\n"),
            ('"$@" --scope busy', TRY_LATER, r"oauth-cc: [^\n]*; try again in 30 seconds\n"),
            ("$BODY > /dev/full", NOT_WRITTEN, r"oauth-cc: the result was not printed: No space left on device\n"),
            ("$BODY --help > /dev/full", NOT_WRITTEN, r"oauth-cc: the result was not printed: No space left [^\n]*\n"),
            ("$DOCTOR >&-", NOT_WRITTEN, r"oauth-cc: standard output is closed, so the result was not printed\n"),
            ("$BODY >&-", NOT_WRITTEN, r"oauth-cc: standard output is closed, so the result was not printed\n"),
            ('"$@" --secret-stdin <&-', BAD_INPUT, r"oauth-cc: --secret-stdin cannot be read: [^\n]*\n"),
            ("$BODY --resource x 2>/dev/full", BAD_INPUT, ""),
            ("$BODY --resource x 2>&-", BAD_INPUT, ""),
            ("{ $BODY; echo $? >&2; } | true", DONE, rf"{CLOSED_PIPE}\n"),
        ],
    )
    def test_each_exit_code_in_a_shell(self, command: str, code: int, said: str) -> None:
        """A script can tell them apart. Each failure is one sentence or silence, and never a traceback."""
        program = [sys.executable, "-m", "oauth_cc", "token", "--no-store", *LOCAL]
        with serve(_by_scope) as server:
            given = [*program, f"{server.url}/token"]
            body = f"{sys.executable} -m oauth_cc body --client-id id"
            doctor = f"{sys.executable} -m oauth_cc doctor --client-id id --token-url {server.url}/token"
            done = subprocess.run(
                ["/bin/sh", "-c", command, "sh", *given],
                capture_output=True,
                text=True,
                check=False,
                env={**os.environ, "OAUTH_CLIENT_SECRET": "sec", "BODY": body, "DOCTOR": doctor},
            )
        assert (done.returncode, re.fullmatch(said, done.stderr) is not None) == (code, True), done.stderr

    @pytest.mark.slow
    def test_an_interrupt_is_silent_and_exit_code_130(self) -> None:
        """Ctrl-C while the server is silent ends the command at once."""
        with serve(Silence) as server:
            given = [sys.executable, "-m", "oauth_cc", "token", "--no-store", *LOCAL, f"{server.url}/token"]
            running = subprocess.Popen(
                [*given, "--auth", "none"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            assert server.arrived.acquire(timeout=30)
            running.send_signal(signal.SIGINT)
            said = running.communicate(timeout=30)
        assert (running.returncode, *said) == (INTERRUPTED, "", "")

    @pytest.mark.parametrize("seconds", ["nan", "inf", "-1", "0", "1e20", "soon"])
    def test_an_unusable_timeout_is_bad_input(self, cli: Runner, seconds: str) -> None:
        """A timeout that is not a number of seconds up to a day is bad input."""
        result = cli("metadata", "https://as.example", "--timeout", seconds)
        assert (result.code, "SECONDS must be a number above 0 and at most 86400 (a day)" in result.err) == (
            BAD_INPUT,
            True,
        )

    def test_doctor_takes_the_options_of_token_that_its_guide_says(self, cli: Runner) -> None:
        """An option of token that it lacks is named there."""
        lacking = {"--format", "--api-url", "--no-store", "--resource-url"}
        options = re.compile(r"^  (--[a-z-]+)", re.MULTILINE)
        token, doctor = [set(options.findall(cli(name, "--help").out)) for name in ("token", "doctor")]
        assert (token - doctor, doctor - token) == (lacking, {"--try"})
        guide = (Path(__file__).parents[1] / "oauth_cc/cli/README.md").read_text()
        said = guide.partition("`doctor` takes the options of `token` except ")[2].partition(";")[0]
        assert set(re.findall(r"--[a-z-]+", said)) == lacking

    def test_help_is_ascii(self, cli: Runner) -> None:
        """The help is ASCII, so every terminal prints it."""
        assert all(
            cli(command, "--help").out.isascii() for command in ("body", "request", "token", "metadata", "store")
        )

    def test_help_has_examples_and_exit_codes(self, cli: Runner) -> None:
        """Every --help has examples and the exit codes."""
        for command in ((), ("body",), ("request",), ("token",), ("metadata",)):
            result = cli(*command, "--help")
            assert result.code == DONE
            assert "examples:" in result.out
            assert "exit codes:" in result.out
