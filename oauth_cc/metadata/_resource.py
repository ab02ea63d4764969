"""
The metadata of a protected resource (RFC 9728).
"""

import re
from typing import Final, final

import attrs

from oauth_cc.endpoint import Endpoint, check_url, issuer_fault, issuer_of, origin
from oauth_cc.errors import InvalidInput, InvalidResponse, switch_fault, tuple_fault
from oauth_cc.http import HttpResponse, check_response
from oauth_cc.metadata._document import MAX_SHOWN, OK, members_of, texts
from oauth_cc.scope import Scope

_WELL_KNOWN: Final = "/.well-known/oauth-protected-resource"
_ADVICE: Final = "check the URL of the resource, or use the issuer without it"
_ORIGIN: Final = re.compile(r"[^:/]+://[^/]+")
_LISTS: Final = ("scopes_supported", "bearer_methods_supported")
_MOST_SCOPES: Final = 50


@final
@attrs.frozen
class ResourceMetadata:
    """
    The metadata of a protected resource.

    Members are named as in RFC 9728 section 2. A member that the resource omits is None, False or empty.

        >>> ResourceMetadata("https://api.example/", ("https://as.example",)).names_issuer("https://as.example")
        True

    Args:
        resource: The resource identifier, a URL.
        authorization_servers: The issuers whose tokens the resource accepts.
        scopes_supported: The scope-tokens that the resource uses.
        bearer_methods_supported: Where the resource accepts a token: ``header``, ``body`` or ``query``.
        dpop_bound_access_tokens_required: Whether the resource accepts no tokens but those bound to a DPoP key.

    Raises:
        InvalidInput: The resource or an issuer is not a valid URL, a list is not a tuple of str, or the flag is not a
            bool.
    """

    resource: str
    authorization_servers: tuple[str, ...] = ()
    scopes_supported: tuple[str, ...] | None = None
    bearer_methods_supported: tuple[str, ...] | None = None
    dpop_bound_access_tokens_required: bool = False

    def __attrs_post_init__(self) -> None:
        flagged = switch_fault(dpop_bound_access_tokens_required=self.dpop_bound_access_tokens_required)
        given: dict[str, object] = {name: getattr(self, name) for name in _LISTS}
        listed = [tuple_fault(name, names) for name, names in given.items() if names is not None]
        for wrong in (tuple_fault("authorization_servers", self.authorization_servers), *listed, flagged):
            if wrong is not None:
                raise wrong
        _check_identifier(self.resource)
        for issuer in self.authorization_servers:
            fault = issuer_fault(issuer, allow_http=True)
            if fault is not None:
                raise fault

    @property
    def takes_header(self) -> bool:
        """True if the resource accepts a token in a header, or does not say (RFC 6750 section 2.1)."""
        return self.bearer_methods_supported is None or "header" in self.bearer_methods_supported

    @property
    def scope(self) -> Scope:
        """The whole scope that the resource uses; empty if it names none, or more than 50 scope-tokens."""
        named = self.scopes_supported or ()
        return Scope.of(*named) if len(named) <= _MOST_SCOPES else Scope()

    def names_issuer(self, issuer: str | Endpoint) -> bool:
        """
        Return whether *issuer* is one of the authorization servers.

        An issuer without a path counts as the same with and without ``/``, which some servers add. It is the caller's
        issuer that is contacted.

        Raises:
            InvalidInput: *issuer* is not an issuer identifier.
        """
        ours = _with_path(issuer_of(issuer)[0])
        return any([ours == _with_path(named) for named in self.authorization_servers])


def resource_metadata_urls(resource: str) -> tuple[str, ...]:
    """
    Return the possible URLs of the metadata of *resource*, to try in order.

    The well-known path is inserted before the path and the query (RFC 9728 section 3.1). A resource with a path may
    have its metadata at its origin, as the Model Context Protocol allows.

        >>> for url in resource_metadata_urls("https://api.example/mcp?tenant=1"):
        ...     print(url)
        https://api.example/.well-known/oauth-protected-resource/mcp?tenant=1
        https://api.example/.well-known/oauth-protected-resource

    Args:
        resource: The resource identifier, the URL of the API.

    Raises:
        InvalidInput: *resource* is not an https URL, nor http to loopback.
    """
    where, mark, query = _check_identifier(resource).partition("?")
    start = _ORIGIN.match(where)
    # The URL was checked.
    at_origin = f"{where if start is None else start[0]}{_WELL_KNOWN}"
    path = "" if start is None else where[start.end() :]
    return tuple(dict.fromkeys((f"{at_origin}{'' if path == '/' else path}{mark}{query}", at_origin)))


def parse_resource_metadata(response: HttpResponse, resource: str) -> ResourceMetadata:
    """
    Parse the metadata of *resource* (RFC 9728 section 3.2).

    Side members of a wrong shape count as omitted, and an authorization server that is not an issuer is left out.

        >>> content = b'{"resource": "https://api.example/", "authorization_servers": ["https://as.example"]}'
        >>> parse_resource_metadata(HttpResponse(200, (), content), "https://api.example/").authorization_servers
        ('https://as.example',)

    Args:
        response: The response to a GET of one of the `resource_metadata_urls`.
        resource: The resource identifier. The metadata must contain exactly the same (section 3.3).

    Raises:
        UnexpectedRedirect: The response is a redirect.
        InvalidResponse: The response is not metadata, or the metadata is of another resource.
        InvalidInput: *response* is of another type, or *resource* is not an https URL, nor http to loopback.
    """
    _check_identifier(resource)
    check_response(response)
    members = members_of(response, _ADVICE)
    if members.get("resource") != resource:
        raise InvalidResponse(OK, _mismatch(members.get("resource"), resource), "resource")
    servers = texts(members, "authorization_servers") or ()
    required = members.get("dpop_bound_access_tokens_required")
    methods = "bearer_methods_supported"
    return ResourceMetadata(
        resource,
        tuple([issuer for issuer in servers if issuer_fault(issuer, allow_http=True) is None]),
        texts(members, "scopes_supported"),
        # No method at all is a statement (section 2).
        () if members.get(methods) == [] else texts(members, methods),
        # Anything but a clear no keeps a token from being used as a bearer token.
        required is not None and required is not False,
    )


def _check_identifier(resource: str) -> str:
    try:
        found = check_url(resource)
    except InvalidInput as error:
        fault = type(error)("resource", error.reason.replace("URL", "resource", 1))
    else:
        if _WELL_KNOWN not in found:
            return found
        fault = InvalidInput("resource", "resource must not be the URL of its metadata; pass the URL of the API")
    del resource
    raise fault


def _mismatch(found: object, resource: str) -> str:
    if found is None:
        return f"the response names no resource, so it is not metadata; {_ADVICE}"
    if isinstance(found, str) and len(found) <= MAX_SHOWN:
        try:
            shown = origin(found) == origin(resource)
        except InvalidInput:
            shown = False
        if shown:
            return f"the metadata is of another resource, {found!r}; if you mean this one, pass exactly this URL"
    return f"the metadata is of another resource; {_ADVICE}"


def _with_path(issuer: str) -> str:
    return f"{issuer}/" if _ORIGIN.fullmatch(issuer) else issuer
