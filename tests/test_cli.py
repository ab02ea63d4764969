"""
The command line, in this process against real servers, and once as a process of its own.
"""

import io
import json
import re
import shlex
import ssl
import subprocess
import sys
from base64 import urlsafe_b64decode
from pathlib import Path
from urllib.parse import parse_qsl

import attrs
import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from joserfc.jwk import ECKey

from oauth_cc import Certificate, Scope, Token, __version__
from oauth_cc.cli import BAD_INPUT, DONE, NETWORK, REFUSED, main
from oauth_cc.testing import AuthorizationServer, RegisteredClient
from tests.keys import CURVES, pem
from tests.shells.scripted import TOKEN, Answer, serve


@attrs.frozen
class Result:
    """What a run of the command line gave."""

    code: int
    out: str
    err: str


class Runner:
    """Runs the command line in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.capsys = capsys
        self.monkeypatch = monkeypatch

    def __call__(self, *arguments: str, stdin: str = "") -> Result:
        """Gives the result of *arguments*."""
        self.monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        try:
            code = main(arguments)
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else -1
        captured = self.capsys.readouterr()
        return Result(code, captured.out, captured.err)


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Runner:
    """The command line, with no secret in its environment, and a home of its own."""
    monkeypatch.delenv("OAUTH_CLIENT_SECRET", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Runner(capsys, monkeypatch)


SHARED = ("--auth", "secret-jwt", "--issuer", "https://as.example")
LOCAL = ("--client-id", "id", "--token-url")


class TestBody:
    """oauth-cc body."""

    def test_every_option(self, cli: Runner) -> None:
        """Each option is the builder of its name."""
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

    @pytest.mark.parametrize("text", ["{", "5", '["a"]', "[5]", '[{"type": 5}]', "{}", '"a"', '[{}],"x":[]'])
    def test_bad_details(self, cli: Runner, text: str) -> None:
        """Details that are none are bad input, in one sentence."""
        result = cli("body", "--client-id", "id", "--authorization-details", text)
        assert (result.code, result.out, result.err.count("\n")) == (BAD_INPUT, "", 1)

    def test_one_object(self, cli: Runner) -> None:
        """A single object needs no brackets."""
        assert "%22type%22" in cli("body", "--client-id", "id", "--authorization-details", '{"type": "t"}').out

    @pytest.mark.parametrize(
        ("option", "value", "advice"),
        [
            ("--parameter", "audience", "give NAME=VALUE"),
            ("--parameter", "client_secret=M4RKER", "second way of authentication"),
            ("--scope", "a  b", "put one space between scope-tokens"),
            ("--resource", "relative", "give a scheme"),
            ("--body", "%", "percent-encoded"),
        ],
    )
    def test_bad_input(self, cli: Runner, option: str, value: str, advice: str) -> None:
        """Bad input is one sentence that says what to do, and exit code 2."""
        result = cli("body", "--client-id", "id", option, value)
        assert (result.code, result.out) == (BAD_INPUT, "")
        assert result.err.startswith("oauth-cc: ")
        assert advice in result.err
        assert "M4RKER" not in result.err


class TestRequest:
    """oauth-cc request."""

    def test_whole(self, cli: Runner) -> None:
        """The whole request is shown without a secret having to be at hand."""
        result = cli("request", "--client-id", "id", "--token-url", "https://as.example/token", "--scope", "a")
        assert result.out == (
            "POST https://as.example/token\n"
            "Content-Type: application/x-www-form-urlencoded\n"
            "Accept: application/json\n"
            "Authorization: Basic ***\n"
            "\n"
            "grant_type=client_credentials&scope=a\n"
        )

    @pytest.mark.parametrize("way", ["basic", "basic-raw", "post", "none"])
    @pytest.mark.parametrize("form", [(), ("--curl",)])
    def test_redacted(self, cli: Runner, way: str, form: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
        """A secret that is at hand is not shown, whatever the way it is sent."""
        monkeypatch.setenv("OAUTH_CLIENT_SECRET", "M4RKER")
        result = cli("request", "--client-id", "id", "--token-url", "https://as.example/token", "--auth", way, *form)
        assert result.code == DONE
        assert "M4RKER" not in result.out
        assert "aWQ6TTRSS0VS" not in result.out
        assert "client_credentials" in result.out

    def test_http(self, cli: Runner) -> None:
        """An endpoint that is not https is refused with what to do about it."""
        result = cli("request", "--client-id", "id", "--token-url", "http://as.example/token")
        assert (result.code, result.out) == (BAD_INPUT, "")
        assert "if that is meant, give --allow-http" in result.err

    def test_curl_shows_a_certificate(self, cli: Runner, tmp_path: Path) -> None:
        """The files that a connection needs are named, quoted for the shell."""
        trustme.CA().issue_cert("client.example").cert_chain_pems[0].write_to_path(str(tmp_path / "a b.pem"))
        files = ("--certificate", str(tmp_path / "a b.pem"), "--certificate-key", "k.pem", "--ca-file", "ca.pem")
        given = ("request", "--client-id", "id", "--token-url", "https://as.example/token", "--auth", "tls", *files)
        words = shlex.split(cli(*given, "--curl").out.replace("\\\n", ""))
        assert words[3:9] == ["--cert", str(tmp_path / "a b.pem"), "--key", "k.pem", "--cacert", "ca.pem"]


class TestToken:
    """oauth-cc token."""

    def test_formats(self, cli: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
        """The token comes as JSON that reads back, bare, or as a header field."""
        monkeypatch.setenv("OAUTH_CLIENT_SECRET", "sec")
        with serve(TOKEN) as server:
            arguments = ("token", *LOCAL, f"{server.url}/token", "--format")
            stored = cli(*arguments, "json")
            assert Token.from_json(stored.out.strip()).access_token.reveal() == "tok-1"
            assert json.loads(stored.out)["token_type"] == "Bearer"
            assert cli(*arguments, "token") == Result(DONE, "tok-1\n", "")
            assert cli(*arguments, "header") == Result(DONE, "Authorization: Bearer tok-1\n", "")

    def test_sources_of_the_secret(self, cli: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The secret comes from a variable, a file or standard input, and is the same from each."""
        file = tmp_path / "secret.txt"
        file.write_bytes(b"s3c ret\r\n")
        monkeypatch.setenv("OWN_VARIABLE", "s3c ret")
        with serve(TOKEN) as server:
            for source in (("--secret-env", "OWN_VARIABLE"), ("--secret-file", str(file)), ("--secret-stdin",)):
                result = cli("token", *LOCAL, f"{server.url}/token", "--no-store", *source, stdin="s3c ret\n")
                assert result.code == DONE
            sent = {asked.headers["Authorization"] for asked in server.asked}
        assert sent == {"Basic aWQ6czNjJTIwcmV0"}

    def test_no_secret(self, cli: Runner) -> None:
        """Without a secret the sentence names the ways to give one; with --auth none nobody asks."""
        with serve(TOKEN) as server:
            result = cli("token", *LOCAL, f"{server.url}/token")
            assert result.code == BAD_INPUT
            assert "OAUTH_CLIENT_SECRET" in result.err
            assert cli("token", *LOCAL, f"{server.url}/token", "--auth", "none", "--format", "token").out == "tok-1\n"

    @pytest.mark.parametrize(
        ("source", "advice"),
        [
            (("--secret-env", "NO_SUCH_VARIABLE"), "no variable NO_SUCH_VARIABLE"),
            (("--secret-file", "/no/such/file"), "No such file"),
            (("--secret-file", __file__), "control character"),
            (("--secret-stdin",), "control character"),
        ],
    )
    def test_bad_secret(self, cli: Runner, source: tuple[str, ...], advice: str) -> None:
        """A secret that cannot be read or be one is bad input."""
        result = cli("token", *LOCAL, "http://127.0.0.1:1/token", *source, stdin="M4RKER\0")
        assert result.code == BAD_INPUT
        assert advice in result.err
        assert "M4RKER" not in result.err

    def test_secret_file_of_another_encoding(self, cli: Runner, tmp_path: Path) -> None:
        """A file that is not UTF-8 is bad input."""
        file = tmp_path / "secret.txt"
        file.write_bytes(b"\xff\xfe")
        assert "it is not UTF-8" in cli("token", *LOCAL, "http://127.0.0.1:1/", "--secret-file", str(file)).err

    def test_never_an_argument(self, cli: Runner) -> None:
        """There is no option that takes the secret itself."""
        for option in ("--secret", "--client-secret", "--password"):
            assert cli("token", *LOCAL, "http://127.0.0.1:1/", option, "M4RKER").code == BAD_INPUT

    def test_refused(self, cli: Runner) -> None:
        """A refusal is exit code 1 and the server's reason; so is an answer that is no token."""
        refusal = Answer(401, chunks=(b'{"error": "invalid_client", "error_description": "unknown client"}',))
        for answer, reason in ((refusal, "invalid_client (HTTP 401): unknown client"), (Answer(404), "HTTP 404")):
            with serve(answer) as server:
                result = cli("token", *LOCAL, f"{server.url}/token", "--secret-stdin", stdin="sec")
            assert (result.code, result.out) == (REFUSED, "")
            assert reason in result.err

    def test_network(self, cli: Runner) -> None:
        """No answer is exit code 3."""
        with serve(TOKEN) as server:
            url = f"{server.url}/token"
        result = cli("token", *LOCAL, url, "--secret-stdin", stdin="sec")
        assert (result.code, result.out) == (NETWORK, "")
        assert "check the URL, the network and any proxy" in result.err

    def test_ca_file(self, cli: Runner, tmp_path: Path) -> None:
        """A private authority is trusted when it is named, and not otherwise."""
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
            assert cli(*arguments, stdin="sec").code == NETWORK
            for file in (broken, tmp_path / "missing.pem"):
                assert "cannot be read as PEM" in cli(*arguments, "--ca-file", str(file), stdin="sec").err

    def test_without_the_extra(self, cli: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where no HTTP library is installed the sentence names the extra."""
        monkeypatch.setitem(sys.modules, "httpx2", None)
        result = cli("token", *LOCAL, "http://127.0.0.1:1/", "--secret-stdin", stdin="sec")
        assert (result.code, "pip install 'oauth_cc[cli]'" in result.err) == (BAD_INPUT, True)


class TestProof:
    """Ways of authentication without a shared secret."""

    @pytest.fixture
    def key(self, tmp_path: Path) -> str:
        """The file of a private key."""
        file = tmp_path / "key.pem"
        file.write_bytes(ECKey.generate_key("P-256").as_pem(private=True))
        return str(file)

    def test_private_key_jwt(self, cli: Runner, key: str) -> None:
        """A request shows no assertion, and a token request carries one for the issuer."""
        signed = ("--auth", "private-key-jwt", "--key", key, "--key-id", "k1", "--issuer", "https://as.example")
        shown = cli("request", *LOCAL, "https://as.example/token", *signed)
        assert shown.out.endswith("client-assertion-type%3Ajwt-bearer&client_assertion=***\n")
        with serve(TOKEN) as server:
            assert cli("token", *LOCAL, f"{server.url}/token", *signed).code == DONE
            form = dict(parse_qsl(server.asked[0].body.decode()))
        header, claims, _ = form["client_assertion"].split(".")
        assert _json(header) == {"alg": "ES256", "typ": "client-authentication+jwt", "kid": "k1"}
        assert _json(claims)["aud"] == "https://as.example"

    def test_an_older_server(self, cli: Runner, key: str) -> None:
        """What a JWT says is what the server asks for."""
        terms = ("--audience", "https://as.example/token", "--typ", "JWT", "--lifetime", "30")
        signed = ("--auth", "private-key-jwt", "--key", key, "--issuer", "https://as.example", *terms)
        with serve(TOKEN) as server:
            assert cli("token", *LOCAL, f"{server.url}/token", *signed).code == DONE
            header, claims, _ = dict(parse_qsl(server.asked[0].body.decode()))["client_assertion"].split(".")
        assert _json(header)["typ"] == "JWT"
        said = _json(claims)
        assert (said["aud"], int(f"{said['exp']}") - int(f"{said['iat']}")) == ("https://as.example/token", 30)

    def test_secret_jwt(self, cli: Runner) -> None:
        """The secret itself is not sent, and need not be given to show a request."""
        signed = ("--auth", "secret-jwt", "--issuer", "https://as.example", "--audience", "https://as.example/token")
        assert "client_assertion=***" in cli("request", *LOCAL, "https://as.example/token", *signed).out
        with serve(TOKEN) as server:
            done = cli("token", *LOCAL, f"{server.url}/token", *signed, "--secret-stdin", stdin="7Fjfp0ZBr1KtDRbn" * 2)
            assert done.code == DONE
            assert b"7Fjfp0ZBr1KtDRbn" not in server.asked[0].body
            assert cli("token", *LOCAL, f"{server.url}/token", *signed).code == BAD_INPUT

    def test_assertion(self, cli: Runner, tmp_path: Path) -> None:
        """What a file holds is sent."""
        file = tmp_path / "assertion"
        file.write_text("eyJhbGciOiJFUzI1NiJ9.e30.c2ln\n")
        with serve(TOKEN) as server:
            given = ("--auth", "assertion", "--assertion-file", str(file), "--assertion-type", "urn:x:svid")
            assert cli("token", *LOCAL, f"{server.url}/token", *given).code == DONE
            form = dict(parse_qsl(server.asked[0].body.decode()))
        assert (form["client_id"], form["client_assertion"]) == ("id", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln")
        assert form["client_assertion_type"] == "urn:x:svid"

    @pytest.mark.parametrize("bound", [False, True])
    def test_certificate(self, cli: Runner, tmp_path: Path, bound: bool) -> None:
        """The connection shows it: to authenticate, or to bind the token whatever authenticates."""
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
            assert (BAD_INPUT, True) == (wrong.code, "there or in --certificate-key" in wrong.err)
            wrong = cli(*given, "--certificate-key", str(tmp_path / "nosuch"), stdin="sec")
            assert (BAD_INPUT, True) == (wrong.code, "its key cannot be read: No such file" in wrong.err)

    def test_a_key_to_sign_and_one_to_connect(
        self, cli: Runner, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """FAPI 2.0 may have both: each has its option, and either may be encrypted."""
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
            assert "has no variable NOSUCH" in cli(*given, "--key-password-env", "NOSUCH").err

    def test_names_of_the_key(self, cli: Runner, key: str, tmp_path: Path) -> None:
        """Its own, and that of its certificate, by which Entra ID knows it."""
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

    def test_endpoint_by_issuer(self, cli: Runner) -> None:
        """The issuer is enough; without it, or the endpoint, the sentence names both."""
        with AuthorizationServer(clients=[RegisteredClient("id", "sec")]) as server:
            given = ("--client-id", "id", "--issuer", server.issuer)
            assert cli("token", *given, "--secret-stdin", stdin="sec").code == DONE
            assert cli("request", *given).out.startswith(f"POST {server.token_endpoint}\n")
        result = cli("token", "--client-id", "id", "--secret-stdin", stdin="sec")
        assert (result.code, "--issuer" in result.err) == (BAD_INPUT, True)

    def test_profile(self, cli: Runner, key: str) -> None:
        """What a configuration lacks of FAPI 2.0 is said, line by line."""
        signed = ("--auth", "private-key-jwt", "--key", key, "--issuer", "https://as.example")
        result = cli("request", *LOCAL, "https://as.example/token", *signed, "--profile", "fapi2")
        assert result.code == DONE
        assert result.out.partition("\n\n")[2].partition("\n\n")[2].splitlines() == [
            "yes  5.3.3.1  authenticate by private_key_jwt or mutual TLS",
            "NO   5.3.3.1  have tokens bound to a key or a certificate: ask for a token that is bound to a certificate",
            "yes  5.4.1    sign by PS256, ES256 or EdDSA",
            "yes  5.3.3.1  name the issuer as the audience of assertions, as a string",
            "yes  5.2.1    use https",
            "NO   5.3.3.1  take the endpoint from the metadata of the issuer: let the metadata of the issuer name it",
        ]

    @pytest.mark.parametrize(
        ("given", "reason"),
        [
            (("--auth", "private-key-jwt", "--issuer", "https://as.example"), "--key: --auth private-key-jwt needs it"),
            (("--auth", "private-key-jwt", "--key", "/no/such"), "--issuer: --auth private-key-jwt needs it"),
            (
                ("--auth", "private-key-jwt", "--key", "/no/such", "--issuer", "https://as.example"),
                "/no/such cannot be read",
            ),
            (("--auth", "private-key-jwt", "--key", __file__, "--issuer", "https://as.example"), "is no PEM"),
            (("--auth", "assertion"), "--assertion-file: --auth assertion needs it"),
            (("--auth", "tls"), "--certificate: --auth tls needs it"),
            (("--auth", "tls", "--certificate", "/no/such"), "--certificate: cannot be read"),
            (
                ("--auth", "secret-jwt", "--issuer", "https://as.example", "--algorithm", "RS256"),
                "use --auth private-key-jwt",
            ),
            (
                ("--auth", "private-key-jwt", "--key", "{}", "--issuer", "https://as.example"),
                "path of its file to --key",
            ),
            (("--typ", "JWT"), "--typ: --auth basic has no use for it"),
            (("--auth", "tls", "--lifetime", "0"), "--lifetime: --auth tls has no use for it"),
            (
                ("--auth", "secret-jwt", "--issuer", "https://as.example", "--lifetime", "0"),
                "lifetime must be a whole number of seconds from 1 to 3600",
            ),
            (("--key", "key.pem"), "--key: --auth basic has no use for it: give --auth private-key-jwt"),
            (("--algorithm", "ES256"), "give --auth secret-jwt or private-key-jwt"),
            (("--auth", "tls", "--secret-env", "HOME"), "--secret-env: --auth tls has no use for it"),
            (("--auth", "none", "--assertion-file", "f"), "--assertion-file: --auth none has no use for it"),
        ],
    )
    def test_what_is_missing_or_too_much(self, cli: Runner, given: tuple[str, ...], reason: str) -> None:
        """A way of authentication says what it needs, and what it has no use for: no key is left out for a secret."""
        result = cli("request", *LOCAL, "https://as.example/token", *given)
        assert (result.code, result.out) == (BAD_INPUT, "")
        assert reason in result.err

    def test_without_the_extra(self, cli: Runner, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where nothing is installed that signs, the sentence names the extra."""
        monkeypatch.delitem(sys.modules, "oauth_cc.jose", raising=False)
        monkeypatch.setitem(sys.modules, "joserfc.jwk", None)
        signed = ("--auth", "private-key-jwt", "--key", key, "--issuer", "https://as.example")
        result = cli("request", *LOCAL, "https://as.example/token", *signed)
        assert (result.code, "pip install 'oauth_cc[cli,jwt]'" in result.err) == (BAD_INPUT, True)


def _json(part: str) -> dict[str, object]:
    members: dict[str, object] = json.loads(urlsafe_b64decode(f"{part}=="))
    return members


class TestStore:
    """Tokens kept between runs, and oauth-cc store."""

    HEADING = "key       ends at (UTC)        scope\n"

    def test_a_shell_loop_makes_one_request(self, cli: Runner) -> None:
        """For each scope, however it is written."""
        with serve(TOKEN, Answer(chunks=(TOKEN.chunks[0].replace(b"tok-1", b"tok-2"),))) as server:
            arguments = ("token", *LOCAL, f"{server.url}/token", "--secret-stdin", "--format", "token")
            for scope in ("a b", "b a", "b", "a b"):
                found = cli(*arguments, "--scope", scope, stdin="sec")
                assert (found.out, found.err) == ("tok-2\n" if scope == "b" else "tok-1\n", "")
            assert len(server.asked) == 2
            assert cli(*arguments, "--scope", "a b", "--no-store", stdin="sec").out == "tok-2\n"
            assert len(server.asked) == 3

    def test_list_and_clear(self, cli: Runner) -> None:
        """What is kept can be seen, but no token; and be forgotten."""
        assert cli("store", "list") == Result(DONE, self.HEADING, "")
        with serve(TOKEN) as server:
            cli("token", *LOCAL, f"{server.url}/token", "--secret-stdin", "--scope", "a b", stdin="sec")
            listed = cli("store", "list")
            assert re.fullmatch(
                re.escape(self.HEADING) + r"[0-9a-f]{8}  \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d  a b\n", listed.out
            )
            assert cli("store", "clear") == Result(DONE, "files removed: 1\n", "")
            assert cli("store", "list") == Result(DONE, self.HEADING, "")
            cli("token", *LOCAL, f"{server.url}/token", "--secret-stdin", "--scope", "a b", stdin="sec")
            assert len(server.asked) == 2

    def test_a_directory_that_cannot_be_used(self, cli: Runner, tmp_path: Path) -> None:
        """The token is got all the same, and what is wrong is said; without a token it is an error."""
        (tmp_path / "cache").write_text("a file")
        with serve(TOKEN) as server:
            found = cli("token", *LOCAL, f"{server.url}/token", "--secret-stdin", "--format", "token", stdin="sec")
        assert (found.code, found.out) == (DONE, "tok-1\n")
        assert found.err.startswith("oauth-cc: the token is not kept: ")
        assert found.err.count("\n") == 1
        assert cli("store", "list").code == BAD_INPUT

    def test_without_the_extra(self, cli: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where nothing is installed that could keep tokens, the sentence says what to do."""
        monkeypatch.delitem(sys.modules, "oauth_cc.stores.file", raising=False)
        monkeypatch.setitem(sys.modules, "filelock", None)
        for arguments in (("token", *LOCAL, "http://127.0.0.1:1/", "--secret-stdin"), ("store", "list")):
            result = cli(*arguments, stdin="sec")
            assert (result.code, "pip install 'oauth_cc[cli]'" in result.err) == (BAD_INPUT, True)
            assert "--no-store" in result.err


class TestMetadata:
    """oauth-cc metadata."""

    def test_table(self, cli: Runner) -> None:
        """What a server says of itself is a table, with a star at the ways that exist here."""
        with AuthorizationServer(clients=[RegisteredClient("id", "sec", Scope.of("a", "b"))]) as server:
            result = cli("metadata", server.issuer)
            assert result == Result(
                DONE,
                f"issuer               {server.issuer}\n"
                f"token endpoint       {server.token_endpoint}\n"
                "mTLS token endpoint  -\n"
                "authentication       client_secret_basic *, client_secret_post *, private_key_jwt *,"
                " client_secret_jwt *\n"
                "signing algorithms   RS256 *, RS384 *, RS512 *, PS256 *, PS384 *, PS512 *, ES256 *, ES384 *, ES512 *,"
                " EdDSA *, Ed25519 *, HS256 *, HS384 *, HS512 *\n"
                "DPoP algorithms      -\n"
                "binds to certificate no\n"
                "grants               client_credentials\n"
                "scopes               a, b\n"
                "\n"
                "* this client can use it\n",
                "",
            )

    def test_errors(self, cli: Runner) -> None:
        """Another server's metadata are exit code 1, no issuer is 2, no answer 3; each is one sentence."""
        document = b'{"issuer": "https://as.example", "token_endpoint": "https://as.example/token"}'
        with serve(Answer(chunks=(document,))) as server:
            url = server.url
            results = [cli("metadata", url), cli("metadata", "http://as.example")]
        results.append(cli("metadata", url))
        assert [REFUSED, BAD_INPUT, NETWORK] == [result.code for result in results]
        assert [("", 1)] * 3 == [(result.out, result.err.count("\n")) for result in results]
        expected = ["they are of 'https://as.example'", "use https", "check the URL, the network and any proxy"]
        assert all(text in result.err for text, result in zip(expected, results, strict=True))


class TestDemo:
    """oauth-cc demo."""

    def test_every_step(self, cli: Runner) -> None:
        """The demo shows the way from the record to the resource's 200, and no secret."""
        result = cli("demo")
        assert result.code == DONE
        for step in ("The client", "The body", "The request", "The answer", "The token", "The API call"):
            assert step in result.out
        assert "grant_type=client_credentials&scope=hello+world" in result.out
        assert "The resource answers 200" in result.out
        assert "Basic ***" in result.out
        assert "Bearer ***" in result.out

    def test_without_the_extra(self, cli: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where the server's library is not installed the sentence names the extras."""
        monkeypatch.setitem(sys.modules, "authlib.oauth2", None)
        for name in [name for name in sys.modules if name.startswith(("oauth_cc.cli.demo", "oauth_cc.testing"))]:
            monkeypatch.delitem(sys.modules, name)
        result = cli("demo")
        assert (result.code, "pip install 'oauth_cc[cli,testing]'" in result.err) == (BAD_INPUT, True)


class TestProcess:
    """The command line as a process."""

    @pytest.mark.parametrize(
        "command", [[str(Path(sys.executable).with_name("oauth-cc"))], [sys.executable, "-m", "oauth_cc"]]
    )
    def test_both_names(self, command: list[str]) -> None:
        """oauth-cc and python -m oauth_cc are the same program."""
        done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
        assert done.stdout == f"oauth-cc {__version__}\n"
        failed = subprocess.run([*command, "body", "--client-id", ""], capture_output=True, text=True, check=False)
        assert (failed.returncode, failed.stdout) == (BAD_INPUT, "")
        assert failed.stderr == "oauth-cc: client_id must not be empty (is an environment variable unset?)\n"

    def test_a_reader_that_has_seen_enough(self) -> None:
        """A pipe that is closed early is no error."""
        command = [sys.executable, "-m", "oauth_cc", "body", "--client-id", "id"]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert running.stdout is not None
        running.stdout.close()
        _, said = running.communicate()
        assert (running.returncode, said) == (DONE, b"")

    @pytest.mark.parametrize("seconds", ["nan", "inf", "-1", "0", "1e20", "soon"])
    def test_timeout(self, cli: Runner, seconds: str) -> None:
        """One that nobody could wait for is bad input."""
        result = cli("metadata", "https://as.example", "--timeout", seconds)
        assert (result.code, "give seconds, above 0" in result.err) == (BAD_INPUT, True)

    def test_help_is_ascii(self, cli: Runner) -> None:
        """It can be printed wherever it is read."""
        assert all(
            cli(command, "--help").out.isascii() for command in ("body", "request", "token", "metadata", "store")
        )

    def test_help_has_examples(self, cli: Runner) -> None:
        """Every --help shows how the command is used, and the exit codes."""
        for command in ((), ("body",), ("request",), ("token",), ("metadata",)):
            result = cli(*command, "--help")
            assert result.code == DONE
            assert "examples:" in result.out
            assert "exit codes:" in result.out
