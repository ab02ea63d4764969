"""
What a program adds to a token request, checked: parameters, headers, names of resources and authorization details.

A fault is returned, not raised, where a traceback with local variables would show a secret.
"""

from collections.abc import Container, Iterable, Mapping
from typing import Final

from oauth_cc._wire.form import decode
from oauth_cc._wire.grammar import HEADER_NAME, HEADER_VALUE, NAME, URL_TEXT
from oauth_cc._wire.json import JsonValue, parse_object, write
from oauth_cc._wire.typing import is_tuple
from oauth_cc.errors import InvalidInput
from oauth_cc.http import frames_message, pairs_of
from oauth_cc.secret import REDACTION, Secret

__all__: list[str] = []


def __dir__() -> list[str]:
    return __all__


_RESERVED: Final[Mapping[str, str]] = {
    "grant_type": "grant_type must not be a parameter; a Dialect names another word for this grant",
    "client_id": "client_id must not be a parameter; use with_client_id_in_body()",
    "client_secret": "client_secret must not be a parameter; pass it to ClientCredentials",
    "client_assertion": "client_assertion must not be a parameter; pass ClientAssertion to ClientCredentials",
    "client_assertion_type": "client_assertion_type must not be a parameter; pass ClientAssertion to ClientCredentials",
    "scope": "scope must not be a parameter; use with_scope()",
    "resource": "resource must not be a parameter; use with_resource()",
    "authorization_details": "authorization_details must not be a parameter; use with_authorization_details()",
}


def secret_of(value: str | Secret) -> Secret | None:
    """Return *value* as a `Secret`, or None if it is of another type."""
    if isinstance(value, Secret):
        return value
    return Secret(value) if isinstance(value, str) else None


def value_fault(parameter: str, shown: str, kind: str) -> InvalidInput:
    """
    Return the error for a value of another type.

    Args:
        parameter: The parameter that the error names.
        shown: The word for it in the error's text.
        kind: The name of the type.
    """
    if kind == "NoneType":
        return InvalidInput(parameter, f"value of {shown} must not be None (is an environment variable unset?)")
    reason = f"value of {shown} must be a str or a Secret, not {kind}"
    read = kind in ("SecretFile", "SecretSource", "function")
    return InvalidInput(parameter, f"{reason}; only a client secret is read for each request" if read else reason)


def pairs_fault(field: str, given: object, builder: str) -> InvalidInput | None:
    """
    Return the error for a field of a request that is not a tuple of pairs, or None.

        >>> str(pairs_fault("headers", {"X-Merchant-Id": "4711"}, "with_header()"))
        'headers must be a tuple of (name, Secret) pairs; use with_header()'

    Args:
        field: The name of the field.
        given: Its value.
        builder: The method that adds to the field.
    """
    if is_tuple(given) and all([is_tuple(pair) and len(pair) == 2 for pair in given]):
        return None
    return InvalidInput(field, f"{field} must be a tuple of (name, Secret) pairs; use {builder}")


def parameter_fault(name: str, value: Secret, taken: Iterable[str]) -> InvalidInput | None:
    """
    Return the error for a parameter that cannot be sent, or None.

    Args:
        name: The name of the parameter.
        value: Its value.
        taken: The names of the parameters before it.
    """
    if not isinstance(name, str) or not NAME.fullmatch(name):
        reason = "parameter name must consist of letters, digits, '-', '.' and '_' (RFC 6749 appendix A.18)"
        return InvalidInput("parameter name", reason)
    if name in _RESERVED:
        return InvalidInput(name, _RESERVED[name])
    if name in taken:
        return InvalidInput(name, f"{name} must not be repeated (RFC 6749 section 3.2); leave one out")
    if not isinstance(value, Secret):
        return InvalidInput(name, f"value of {name} must be a Secret; use with_parameter()")
    if any("\ud800" <= character <= "\udfff" for character in value.reveal()):
        return InvalidInput(name, f"{name} must not contain a lone surrogate, which UTF-8 cannot encode")
    if REDACTION in value.reveal():
        return InvalidInput(name, f"{name} holds the redacted text of a Secret; pass the Secret itself")
    return None


def checked_resource_name(name: str) -> str:
    """Return *name*, a resource without a URI. Raises `InvalidInput` unless it is visible ASCII characters."""
    if not isinstance(name, str) or not URL_TEXT.fullmatch(name):
        raise InvalidInput("resource", "resource must be a str of visible ASCII characters, without spaces")
    return name


def header_fault(name: str, value: Secret, taken: Container[str]) -> InvalidInput | None:
    """
    Return the error for a header that cannot be sent, or None.

    Args:
        name: The name of the header.
        value: Its value.
        taken: The names of the headers before it, in lower case.
    """
    if not isinstance(name, str) or not HEADER_NAME.fullmatch(name):
        return InvalidInput("header", "header must have a name such as 'X-Merchant-Id' (RFC 9110 section 5.1)")
    if frames_message(name):
        return InvalidInput("header", f"header must not be {name}, which the HTTP library sets; leave it out")
    if name.lower() in ("authorization", "dpop"):
        advice = "pass a client authentication method to ClientCredentials"
        if name.lower() == "dpop":
            advice = "use with_dpop(key), which makes a proof for each request"
        return InvalidInput("header", f"header must not be {name}; {advice}")
    if name.lower() in taken:
        return InvalidInput("header", f"header {name} must not be repeated; leave one out")
    if not isinstance(value, Secret):
        return InvalidInput("header", f"value of header {name} must be a Secret; use with_header()")
    if REDACTION in value.reveal():
        return InvalidInput("header", f"header {name} holds the redacted text of a Secret; pass the Secret itself")
    # HTTP libraries differ in how they encode other characters.
    if not value.reveal().isascii() or not value.reveal() or not HEADER_VALUE.fullmatch(value.reveal()):
        reason = f"header {name} must have a value of printable ASCII characters, without surrounding spaces"
        return InvalidInput("header", reason)
    return None


def sealed_pairs(
    parameters: Mapping[str, str | Secret] | Iterable[tuple[str, str | Secret]],
) -> list[tuple[str, Secret]] | InvalidInput:
    """Return *parameters* as pairs with `Secret` values, or the error for what they are instead."""
    try:
        pairs = [(name, value) for name, value in pairs_of(parameters)]
    except (TypeError, ValueError):
        return InvalidInput("parameters", "parameters must be a mapping or (name, value) pairs")
    for name, value in pairs:
        if not isinstance(value, str | Secret):
            return value_fault(shown_name(name), shown_name(name), type(value).__name__)
    return [(name, value if isinstance(value, Secret) else Secret(value)) for name, value in pairs]


def shown_name(name: str) -> str:
    """Return *name* as an error may show it."""
    return name if isinstance(name, str) and NAME.fullmatch(name) else "parameter name"


def read_body(body: str) -> tuple[tuple[str, Secret], ...] | InvalidInput:
    """Return the parameters of the form text *body*, or the error for what it is instead."""
    if not isinstance(body, str):
        return InvalidInput("body", f"body must be form text as str, not {type(body).__name__}")
    pairs = decode(body)
    if isinstance(pairs, str):
        return InvalidInput("body", f"body must be form text, but it {pairs}")
    return tuple([(name, Secret(value)) for name, value in pairs])


def write_detail(detail: Mapping[str, JsonValue]) -> str:
    """Return *detail* (RFC 9396 section 2) as JSON text. Raises `InvalidInput` for anything else."""
    try:
        text = write(detail)
    except (TypeError, ValueError, RecursionError):
        reason = "authorization_details must hold JSON values: str, int, finite float, bool, None, list and dict"
        raise InvalidInput("authorization_details", reason) from None
    check_detail(parse_object(text))
    return text


def check_detail(detail: Mapping[str, object] | str) -> None:
    """Raise `InvalidInput` unless *detail*, as read from JSON, is an object with a str ``type``."""
    if isinstance(detail, str):
        raise InvalidInput(
            "authorization_details", f"authorization_details must be JSON objects, each a dict, but one {detail}"
        )
    if not isinstance(detail.get("type"), str):
        reason = "authorization_details must have a str member 'type' in each element (RFC 9396 section 2)"
        raise InvalidInput("authorization_details", reason)
