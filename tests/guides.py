"""
The guides, which are the Markdown files of the project, and the code blocks in them.

Examples name servers of example.com. `standing_in` starts servers on this machine in their place, so that an example
runs as a reader sees it, but for its URLs.
"""

import ast
import re
import ssl
from collections.abc import Generator, Mapping
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

import attrs
import pytest
import trustme
from joserfc.jwk import ECKey

from oauth_cc import ClientCredentials, Scope
from oauth_cc.testing import AuthenticationMethod, AuthorizationServer, ProtectedResource, RegisteredClient

ROOT: Final = Path(__file__).parent.parent
GUIDES: Final = sorted(
    [*ROOT.glob("*.md"), *[path for folder in ("oauth_cc", "tests") for path in (ROOT / folder).rglob("*.md")]]
)
BLOCK: Final = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK: Final = re.compile(r"\]\((?P<target>[^)\s]+)\)")
HEADING: Final = re.compile(r"^#+ (?P<text>.+)$", re.MULTILINE)

CLIENT_ID: Final = "your_id"
CLIENT_SECRET: Final = "s3cret"

Urls: TypeAlias = Mapping[str, str]
"""URLs of this machine by the URLs that the examples name."""


@attrs.frozen
class Block:
    """A code block: its language, its text, and the number of the line it starts at."""

    language: str
    text: str
    line: int


def name(guide: Path) -> str:
    """Return the path of *guide* in the project."""
    return str(guide.relative_to(ROOT))


def needs_mcp(guide: Path) -> bool:
    """Return whether the examples of *guide* call an MCP server."""
    return "https://mcp.example.com" in guide.read_text("utf-8")


def blocks(guide: Path) -> list[Block]:
    """Return the code blocks of *guide*, in their order."""
    text = guide.read_text("utf-8")
    return [
        Block(match["language"], match["text"], text.count("\n", 0, match.start()) + 2)
        for match in BLOCK.finditer(text)
    ]


def prose(guide: Path) -> str:
    """Return the text of *guide* without its code blocks."""
    return BLOCK.sub("", guide.read_text("utf-8"))


def anchors(guide: Path) -> set[str]:
    """Return the names by which links find the headings of *guide*, made as code hosts make them."""
    headings = [match["text"].lower() for match in HEADING.finditer(prose(guide))]
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in headings}


def functions(guide: Path) -> dict[str, object]:
    """Return what the Python blocks of *guide* import, and the functions and classes in them; run nothing else."""
    nodes = [node for block in blocks(guide) if block.language == "python" for node in ast.parse(block.text).body]
    definitions = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef
    kept: list[ast.stmt] = [node for node in nodes if isinstance(node, definitions)]
    namespace: dict[str, object] = {"__name__": "guide"}
    exec(compile(ast.Module(kept, type_ignores=[]), name(guide), "exec"), namespace)  # noqa: S102  # what this is for
    return namespace


@contextmanager
def standing_in(folder: Path, *, mcp: bool = False) -> Generator[Urls]:
    """
    Start the servers that the examples name, and return their URLs by those of the examples.

    Variables that begin with ``MYAPI_`` describe the client.

    The files that the examples name are written to *folder*: ``client-key.pem``, a private key that signs assertions;
    ``client.pem``, a client certificate with its key; ``authority.pem``, the authority of the server that needs it.

    Args:
        folder: The folder.
        mcp: Whether an MCP server is needed, which takes a moment to start.
    """
    signs, public = _signing_key()
    authority, shown = _certificates()
    folder.joinpath("client-key.pem").write_bytes(signs)
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    shown.private_key_and_cert_chain_pem.write_to_path(str(folder / "client.pem"))
    if mcp:
        # Imported where it is needed, because this takes seconds.
        from tests.mcp_server import mcp_server
    scope, methods = Scope.of("read", "write"), frozenset[AuthenticationMethod]
    by_secret_or_key = methods({"client_secret_basic", "client_secret_post", "private_key_jwt"})
    client = RegisteredClient(CLIENT_ID, CLIENT_SECRET, scope, by_secret_or_key, jwks={"keys": [public]})
    by_certificate = RegisteredClient(
        CLIENT_ID, "", scope, methods({"tls_client_auth"}), certificate_subject="CN=client,OU=a,O=b"
    )
    bound = RegisteredClient("other_id", CLIENT_SECRET, scope, certificate_bound=True)
    with (
        AuthorizationServer(clients=[client]) as server,
        ProtectedResource(server, "/api", scope=Scope.of("read")) as api,
        mcp_server(server, ClientCredentials(CLIENT_ID, CLIENT_SECRET), "read") if mcp else nullcontext("") as mcp_url,
        AuthorizationServer(clients=[by_certificate, bound], tls=_server_side()) as bank,
        pytest.MonkeyPatch.context() as environment,
    ):
        environment.setenv("MYAPI_CLIENT_ID", CLIENT_ID)
        environment.setenv("MYAPI_CLIENT_SECRET", CLIENT_SECRET)
        environment.setenv("MYAPI_TOKEN_URL", server.token_endpoint)
        environment.setenv("MYAPI_SCOPE", "read")
        yield {
            "https://api.example.com/things": server.resource_url,
            "https://orders.example.com/api": api.url,
            "https://auth.example.com": server.issuer,
            "https://api.bank.example/accounts": bank.resource_url,
            "https://auth.bank.example": bank.issuer,
            **({"https://mcp.example.com/mcp": mcp_url} if mcp else {}),
        }


@cache
def _signing_key() -> tuple[bytes, dict[str, object]]:
    made = ECKey.generate_key("P-256", {"kid": "2026-11"})
    return made.as_pem(private=True), {**made.as_dict(private=False)}


@cache
def _certificates() -> tuple[trustme.CA, trustme.LeafCert]:
    authority = trustme.CA()
    return authority, authority.issue_cert(
        "client.example", common_name="client", organization_unit_name="a", organization_name="b"
    )


def _server_side() -> ssl.SSLContext:
    authority, _ = _certificates()
    side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(side)
    authority.configure_trust(side)
    side.verify_mode = ssl.CERT_OPTIONAL
    return side


def localized(text: str, urls: Urls) -> str:
    """Return *text* with the URLs of this machine."""
    for example, local in urls.items():
        text = text.replace(example, local)
    return text


def as_printed(text: str, urls: Urls) -> str:
    """Return *text*, which was printed on this machine, with the URLs of the examples."""
    for example, local in urls.items():
        text = text.replace(local, example)
    return text
