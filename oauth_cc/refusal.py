"""
A refused token request, read as an error that holds the server's own words, cleaned.

Words of a server are untrusted: they are redacted, stripped of control characters and cut before anything shows them.
"""

import re
from bisect import bisect_right
from collections.abc import Mapping
from typing import Final, get_args

from oauth_cc._wire.form import percent_encode
from oauth_cc._wire.grammar import ERROR, URL_TEXT
from oauth_cc._wire.json import MAX_SIZE, is_array, is_object, parse_object
from oauth_cc._wire.redaction import MARGIN, Span, echoes, joined
from oauth_cc.authentication.methods import AuthenticationFields, ClientSecretBasic, GrantDraft, Proof
from oauth_cc.compose import proof_of
from oauth_cc.errors import OAuthError, RegisteredCode, TokenRequestRefused
from oauth_cc.http import RETRYABLE, HttpResponse, retry_after
from oauth_cc.request import TokenRequest
from oauth_cc.secret import Secret

__all__: list[str] = []


def __dir__() -> list[str]:
    return __all__


MAX_DESCRIPTION: Final = 500
"""Characters of an ``error_description`` that an error shows."""

MAX_WORDS: Final = 300
"""Characters of a server's words in any other form that an error shows."""

_REGISTERED: Final = frozenset[str](get_args(RegisteredCode))
_RETRYABLE_ERRORS: Final = frozenset({"server_error", "temporarily_unavailable"})
# A server that rejects the client will reject it again.
_FINAL: Final = frozenset({401, 403})
_CLIENT_STATUSES: Final = frozenset({400, 401, 403})
_PAGE: Final = re.compile(r"https?://[\x21\x23-\x5B\x5D-\x7E]{1,500}")
# HTML, XML and JSON, which people do not read.
_STRUCTURED: Final = re.compile(r"\s*[<{\[]")
# Where servers put their words, by RFC 6749, RFC 9457 and common practice.
_WORDS: Final = (
    ("error_description",),
    ("message",),
    ("errors", "message"),
    ("response", "errors", "message"),
    ("fault", "faultstring"),
    ("errorSummary",),
    ("error", "message"),
    ("detail",),
    ("reason",),
    ("errmsg",),
    ("title",),
    ("error",),
)
# Up to where a list of URLs or a sentence goes on.
_URL: Final = re.compile(r"[A-Za-z][-+.0-9A-Za-z]*://[^\s\"'<>,;]*")
_HIDDEN: Final = "no response; the details are hidden because they contain a secret"
# A long word that is more than lower-case words with punctuation, as it may be a token under an odd name.
_LIKE_TOKEN: Final = re.compile(r"(?<!\S)(?![a-z]+(?:[-_.:/][a-z]+)*[.,:;!?]?(?:\s|$))\S{16,}")
# Shorter parts of an assertion are words that a sentence may hold too.
_LEAST_ECHOED: Final = 16


def refusal(
    response: HttpResponse,
    request: TokenRequest,
    secrets: tuple[Secret, ...],
    received_at: float,
    *,
    endpoint: str = "token",
) -> TokenRequestRefused:
    """
    Return the error for a response without a token.

    Args:
        response: The response; its status, its error code or both refuse the request.
        request: The request that was refused.
        secrets: What the error must not show.
        received_at: The time of the response in POSIX seconds.
        endpoint: The kind of the endpoint, in the words of the RFCs.
    """
    status = response.status
    members = _members(response.content)
    error = members.get("error")
    sent = error if isinstance(error, str) and ERROR.fullmatch(error) else None
    # A registered code is public, and a short secret may be a part of one.
    code = sent if sent is None or sent in _REGISTERED else redact(sent, secrets)
    description = members.get("error_description") if code is not None else None
    shown = _shown(description, secrets, MAX_DESCRIPTION) if isinstance(description, str) else None
    words = None if shown else _server_words(response, members, sent, secrets)
    wait = retry_after(response, received_at)
    retryable = status in RETRYABLE or (code in _RETRYABLE_ERRORS and status not in _FINAL)
    return TokenRequestRefused(
        code,
        shown,
        _page(members.get("error_uri"), secrets),
        status,
        retryable,
        wait,
        words,
        _advice(status, code, words or shown, request, endpoint) if not retryable else waiting(wait),
    )


def waiting(seconds: float | None) -> str:
    """
    Return the advice for a server that is failing or limits requests.

        >>> waiting(None), waiting(1.0), waiting(30.0)
        ('try again later', 'try again in 1 second', 'try again in 30 seconds')

    Args:
        seconds: The seconds to wait that the server requested, or None.
    """
    if not seconds:
        return "try again later"
    shown = f"{max(1.0, seconds):.0f}"
    return f"try again in {shown} second{'' if shown == '1' else 's'}"


def _members(content: bytes) -> Mapping[str, object]:
    if len(content) > MAX_SIZE:
        return {}
    members = parse_object(content)
    if isinstance(members, str):
        # The error code survives a description in another encoding.
        members = parse_object(content.decode("utf-8", "replace"))
    return {} if isinstance(members, str) else members


def _server_words(
    response: HttpResponse, members: Mapping[str, object], code: str | None, secrets: tuple[Secret, ...]
) -> str | None:
    text = _words_at(members, code)
    # A success without a token response may hold a bare token.
    if text is None and not members and response.status >= 400 and len(response.content) <= MAX_SIZE:
        plain = response.content.decode("utf-8-sig", "replace")
        text = None if _STRUCTURED.match(plain) else plain
    return _shown(text, secrets, MAX_WORDS) if text else None


def words_in_success(members: Mapping[str, object], secrets: tuple[Secret, ...]) -> str | None:
    """
    Return what a server says in a success without a token, None if it says nothing. What may be a token is redacted.

        >>> words_in_success({"errcode": 40001, "errmsg": "invalid credential: 9f8e7d6c5b4a39281706"}, ())
        'invalid credential: ***'

    Args:
        members: The members of the response.
        secrets: What is redacted.
    """
    text = _words_at(members)
    return None if text is None else _shown(_LIKE_TOKEN.sub("***", text), secrets, MAX_WORDS)


def _words_at(members: Mapping[str, object], code: str | None = None) -> str | None:
    found = [_text_at(members, path) for path in _WORDS]
    return next((words for words in found if words and words != code), None)


def _text_at(members: Mapping[str, object], path: tuple[str, ...]) -> str | None:
    value: object = members
    for name in path:
        if is_array(value):
            value = value[0] if value else None
        value = value.get(name) if is_object(value) else None
    return value if isinstance(value, str) and value.strip() else None


def _advice(status: int, code: str | None, words: str | None, request: TokenRequest, endpoint: str) -> str | None:
    if code == "invalid_client":
        return _client_advice(request)
    # The only method that is a grant. It is imported when it is used.
    if code == "invalid_grant" and hasattr(request.credentials.authentication, "grant_type"):
        return "check the issuer, the subject and the audience of the assertion, the registered key, and the clock"
    if code is not None or words is not None:
        return None
    if status in _CLIENT_STATUSES:
        return "check the client_id, the secret or key, the audience of an assertion, and the scope"
    return f"check the {endpoint} endpoint and any proxy in front of it"


def _client_advice(request: TokenRequest) -> str | None:
    method = request.credentials.authentication
    if isinstance(method, ClientSecretBasic):
        secret = method.secret
        if not method.encode or not isinstance(secret, Secret) or percent_encode(secret.reveal()) == secret.reveal():
            return None
        return "try ClientSecretBasic(secret, encode=False), as the secret has reserved characters"
    # The methods that sign an assertion. They are imported when they are used.
    if method is not None and hasattr(method, "issuer"):
        return "check the audience and the key id of the assertion, the registered key, and the clock of this machine"
    return None


def _page(uri: object, secrets: tuple[Secret, ...]) -> str | None:
    return uri if isinstance(uri, str) and _PAGE.fullmatch(uri) and redact(uri, secrets) == uri else None


def shown_location(response: HttpResponse, secrets: tuple[Secret, ...]) -> str | None:
    """
    Return the Location of *response* without query and fragment, or None if it cannot be shown.

    Args:
        response: The response, a redirect.
        secrets: What is redacted.
    """
    found = re.split(r"[?#]", next(iter(response.header("Location")), ""), maxsplit=1)[0]
    if not URL_TEXT.fullmatch(found) or len(found) > MAX_DESCRIPTION or "@" in found:
        return None
    return redact(found, secrets)


def _shown(text: str, secrets: tuple[Secret, ...], limit: int) -> str | None:
    found = text.strip()
    shown = redact(found, secrets, limit)
    words = "".join([character if character.isprintable() else " " for character in shown]).strip()
    return f"{words}…" if words and len(found) > limit else words or None


def secrets_of(request: TokenRequest, proof: Proof | None, *jwts: Secret | None) -> tuple[Secret, ...]:
    """
    Return what no error about *request* may show.

    Args:
        request: The request.
        proof: What authenticated it.
        jwts: The client's assertion and its DPoP proof, None for one that was not sent.
    """
    known = [value for _, value in (*request.body, *request.parameters, *request.headers)]
    # A server echoes a JWT as a whole, or what it read of it.
    for jwt in [each for each in jwts if each is not None]:
        parts = [Secret(part) for part in jwt.reveal().split(".") if len(part) >= _LEAST_ECHOED]
        known += [jwt, *parts]
    fields = proof.fields if isinstance(proof, GrantDraft) else proof
    if isinstance(fields, AuthenticationFields):
        known += fields.secrets
        # A server echoes the header as a whole, or what follows its scheme.
        known += [Secret(part) for _, value in fields.headers for part in value.reveal().split(" ")[-1:]]
        known += [value for name, value in fields.parameters if name != "client_id"]
    return tuple(known)


def known_secrets(request: TokenRequest) -> tuple[Secret, ...]:
    """Return what no text of a server may show of *request* before it is sent."""
    return secrets_of(request, proof_if_any(request))


def proof_if_any(request: TokenRequest) -> Proof | None:
    """Return what authenticates *request*. None if the user's own method returns something else, an error elsewhere."""
    try:
        return proof_of(request)
    except OAuthError:
        return None


def redact(text: str, secrets: tuple[Secret, ...], limit: int | None = None) -> str:
    """
    Return *text* with ``***`` in place of each of *secrets*, in the forms that `oauth_cc._wire.redaction` finds.

    A URL that holds a secret is replaced as a whole, as the labels of its host may hold the rest of it.

        >>> redact("not at https://s3cr.et.evil.example/a", (Secret("s3cr.et"),))
        'not at ***'

    Args:
        text: The text of a server.
        secrets: What must not be shown.
        limit: How many characters of *text* are shown, and the work is bounded. None for all.
    """
    most = len(text) if limit is None else limit
    read = text[: most + MARGIN]
    # The text beyond the limit may show that a secret begins before it.
    found = echoes(read, [secret.reveal() for secret in secrets])
    if not found:
        return text[:most]
    urls = [url.span() for url in _URL.finditer(read)]
    pieces, shown = list[str](), 0
    for start, end in joined([*found, *[url for url in urls if _holds(url, found)]]):
        if start < most:
            pieces += [text[shown:start], "***"]
            shown = end
    return "".join([*pieces, text[shown:most]])


def _holds(url: Span, found: list[Span]) -> bool:
    # The spans are in order and apart.
    place = bisect_right(found, url[0], key=lambda span: span[1])
    return place < len(found) and found[place][0] < url[1]


def redacted(error: OAuthError, secrets: tuple[Secret, ...]) -> OAuthError:
    """
    Return *error* without *secrets*: itself if it shows none of them.

    Args:
        error: The error, which has the text of a server.
        secrets: What must not be shown.
    """
    parts: tuple[object, ...] = error.args
    shown = tuple([redact(part, secrets) if isinstance(part, str) else part for part in parts])
    # Errors are made of their args, as pickle makes them.
    return error if shown == parts else type(error)(*shown)


def conceal(error: Exception, secrets: tuple[Secret, ...]) -> None:
    """
    Replace the text and the notes of *error* if they show one of *secrets*. Its class stays.

    Args:
        error: The error of an HTTP library without a response. Its text names the server, by a host that the server's
            metadata may have chosen.
        secrets: What must not be shown.
    """
    notes: list[str] = getattr(error, "__notes__", [])
    if all([redact(text, secrets) == text for text in (str(error), *notes)]):
        return
    error.args = (_HIDDEN,)
    # The attributes from which some classes compose their text.
    for name in ("reason", "strerror"):
        if hasattr(error, name):
            setattr(error, name, _HIDDEN)
    notes.clear()
