"""
Environment variables that describe a client and its server, read from a mapping.
"""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_cc import (
    AssertionFile,
    ClientAssertion,
    ClientCredentials,
    ClientSecretBasic,
    ClientSecretPost,
    Endpoint,
    Scope,
    Secret,
    SecretFile,
    compose_body,
    dialects,
    errors,
    token_request,
)
from oauth_cc.issuer import Issuer
from oauth_cc.variables import IDENTITIES, NAMES, TARGETS, KeyFile, Variables, dialect_names, read_variables
from tests.leaks import shown_by

MARK: Final = "M4RKER"
RIGHT: Final = {
    "CLIENT_ID": "your_id",
    "CLIENT_SECRET": MARK,
    "CLIENT_SECRET_FILE": "/run/secrets/oauth",
    "PRIVATE_KEY_FILE": "key.pem",
    "PRIVATE_KEY_ID": "2026-11",
    "PRIVATE_KEY_PASSWORD": MARK,
    "DPOP_KEY_FILE": "dpop.pem",
    "DPOP_KEY_PASSWORD": MARK,
    "ASSERTION_FILE": "/var/run/secrets/tokens/oauth",
    "AUTH": "post",
    "ISSUER": "https://as.example",
    "TOKEN_URL": "https://as.example/token",
    "SCOPE": "read write",
    "RESOURCE": "https://a.example/ https://b.example/",
    "AUDIENCE": "https://api.example",
    "DIALECT": "ebay",
}
WRONG: Final = {
    "CLIENT_ID": "a\nb",
    "CLIENT_SECRET": f"{MARK}\n",
    "CLIENT_SECRET_FILE": f"-----BEGIN {MARK}",
    "PRIVATE_KEY_FILE": f"-----BEGIN PRIVATE KEY-----{MARK}",
    "PRIVATE_KEY_ID": f"{MARK}\n",
    # Any text but an empty one is right.
    "PRIVATE_KEY_PASSWORD": "",
    "DPOP_KEY_FILE": f"-----BEGIN EC PRIVATE KEY-----{MARK}",
    "DPOP_KEY_PASSWORD": "",
    "ASSERTION_FILE": f"eyJ{MARK}",
    "AUTH": MARK,
    "ISSUER": f"https://as.example/?{MARK}",
    "TOKEN_URL": f"https://user:{MARK}@as.example/token",
    "SCOPE": f'"{MARK}',
    "RESOURCE": f"{MARK}",
    "AUDIENCE": f"{MARK}\ud800",
    "DIALECT": MARK,
}


def read(values: dict[str, str], **options: Any) -> Variables:
    """Return what *values* describe, under a prefix and beside variables of others."""
    others = {"PATH": MARK, "MYAPI_OTHER": MARK, "CLIENT_ID": MARK}
    return read_variables({**others, **{f"MYAPI_{name}": value for name, value in values.items()}}, "MYAPI_", **options)


def sound(values: dict[str, str], **options: Any) -> Variables:
    """Return what *values* describe, which have no fault."""
    found = read(values, **options)
    assert found.faults == ()
    return found


def faults(values: dict[str, str], **options: Any) -> str:
    """Return the faults of *values*, numbered if there are more than one."""
    found = read(values, **options).faults
    assert found
    return found[0] if len(found) == 1 else " ".join([f"({number}) {fault}" for number, fault in enumerate(found, 1)])


SECRET: Final = {name: RIGHT[name] for name in ("CLIENT_ID", "CLIENT_SECRET", "TOKEN_URL")}
NAMELESS: Final = {name: RIGHT[name] for name in ("CLIENT_ID", "TOKEN_URL")}


def test_every_name_has_a_right_and_a_wrong_value_here() -> None:
    """The table below is then complete."""
    assert set(RIGHT) == set(WRONG) == set(NAMES)


@pytest.mark.parametrize(
    ("values", "method"),
    [
        ({"CLIENT_SECRET": "s3cret"}, ClientSecretBasic("s3cret")),
        ({"CLIENT_SECRET": "s3cret", "AUTH": "basic"}, ClientSecretBasic("s3cret")),
        ({"CLIENT_SECRET": "s3cret", "AUTH": "basic-raw"}, ClientSecretBasic("s3cret", encode=False)),
        ({"CLIENT_SECRET": "s3cret", "AUTH": "post"}, ClientSecretPost("s3cret")),
        ({"CLIENT_SECRET_FILE": "/run/s"}, ClientSecretBasic(SecretFile("/run/s"))),
        ({"CLIENT_SECRET_FILE": "/run/s", "AUTH": "post"}, ClientSecretPost(SecretFile("/run/s"))),
        ({"ASSERTION_FILE": "/run/a"}, ClientAssertion(AssertionFile("/run/a"))),
    ],
)
def test_the_variable_of_the_identity_chooses_how_the_client_authenticates(values: dict[str, str], method: Any) -> None:
    """A secret goes by HTTP Basic, unless another way is set."""
    found = sound({**NAMELESS, **values})
    request, target = token_request(ClientCredentials("your_id", method)), Endpoint("https://as.example/token")
    assert found == Variables(request, target, secret_path=values.get("CLIENT_SECRET_FILE"))


def test_a_private_key_is_still_to_be_read() -> None:
    """It signs for the issuer, beside a token endpoint or without one."""
    key = {"CLIENT_ID": "your_id", "PRIVATE_KEY_FILE": "key.pem", "ISSUER": "https://as.example"}
    bare = token_request(ClientCredentials("your_id"))
    file = KeyFile("key.pem", "PRIVATE_KEY_FILE")
    assert sound(key) == Variables(bare, Issuer("https://as.example"), file, "https://as.example")
    found = sound({**key, "PRIVATE_KEY_ID": "k1", "TOKEN_URL": "https://as.example/token"})
    assert found.target == Endpoint("https://as.example/token")
    assert (found.key_file, found.issuer) == (KeyFile("key.pem", "PRIVATE_KEY_FILE", "k1"), "https://as.example")
    locked = sound({**key, "PRIVATE_KEY_PASSWORD": "pass"}).key_file
    assert locked == KeyFile("key.pem", "PRIVATE_KEY_FILE", password=Secret("pass"))


@pytest.mark.parametrize("identity", IDENTITIES)
def test_a_dpop_key_stands_beside_any_identity(identity: str) -> None:
    """It is still to be read, too. It needs no issuer."""
    values = {**NAMELESS, identity: RIGHT[identity], "DPOP_KEY_FILE": "dpop.pem"}
    if identity == "PRIVATE_KEY_FILE":
        values["ISSUER"] = RIGHT["ISSUER"]
    found = sound(values)
    assert found.dpop_key_file == KeyFile("dpop.pem", "DPOP_KEY_FILE")
    assert (found.key_file is not None) == (identity == "PRIVATE_KEY_FILE")
    locked = sound({**values, "DPOP_KEY_PASSWORD": MARK})
    assert locked.dpop_key_file == KeyFile("dpop.pem", "DPOP_KEY_FILE", password=Secret(MARK))
    assert MARK not in repr(locked)


def test_the_other_variables_shape_the_request() -> None:
    """Scope-tokens and resources are separated by spaces."""
    found = sound({**SECRET, **{name: RIGHT[name] for name in ("SCOPE", "RESOURCE", "AUDIENCE", "DIALECT")}})
    assert found.request.scope == Scope.of("read", "write")
    assert found.request.resources == ("https://a.example/", "https://b.example/")
    assert found.request.dialect == dialects.EBAY
    assert compose_body(found.request).endswith("&audience=https%3A%2F%2Fapi.example")


@pytest.mark.parametrize(
    "name", sorted(set(RIGHT) - {"AUTH", "PRIVATE_KEY_ID", "PRIVATE_KEY_PASSWORD", "DPOP_KEY_PASSWORD"})
)
@pytest.mark.parametrize("wrong", ["empty", "wrong"])
def test_a_wrong_or_empty_variable_is_named_and_its_value_is_not_shown(name: str, wrong: str) -> None:
    """An empty one is most often one that a deployment did not fill in: it is not as if it were unset."""
    rest = {**NAMELESS, **({} if name in IDENTITIES else {"CLIENT_SECRET": "s3cret"}), "ISSUER": "https://as.example"}
    text = faults({**rest, name: "" if wrong == "empty" else WRONG[name]})
    assert text.startswith(f"MYAPI_{name} {'must not be empty' if wrong == 'empty' else 'is not valid: '}")
    assert MARK not in text
    assert "(2)" not in text


BOTH: Final = "must not be set together, as a client has one identity; remove all but one"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (
            {},
            (
                "(1) MYAPI_CLIENT_ID must be set "
                "(2) MYAPI_CLIENT_SECRET, MYAPI_CLIENT_SECRET_FILE, MYAPI_PRIVATE_KEY_FILE or MYAPI_ASSERTION_FILE "
                "must be set (3) MYAPI_TOKEN_URL or MYAPI_ISSUER must be set"
            ),
        ),
        (
            {**SECRET, "PRIVATE_KEY_FILE": "key.pem"},
            (
                f"(1) MYAPI_CLIENT_SECRET and MYAPI_PRIVATE_KEY_FILE {BOTH} "
                "(2) MYAPI_ISSUER must be set, as the key of MYAPI_PRIVATE_KEY_FILE signs for it"
            ),
        ),
        (
            {**SECRET, "PRIVATE_KEY_FILE": "", "ISSUER": "https://as.example"},
            (
                "(1) MYAPI_PRIVATE_KEY_FILE must not be empty; set it to its value, or remove it "
                f"(2) MYAPI_CLIENT_SECRET and MYAPI_PRIVATE_KEY_FILE {BOTH}"
            ),
        ),
        ({**SECRET, "PRIVATE_KEY_ID": "k1"}, "MYAPI_PRIVATE_KEY_ID must not be set without MYAPI_PRIVATE_KEY_FILE"),
        (
            {**SECRET, "PRIVATE_KEY_ID": "k\n"},
            (
                "(1) MYAPI_PRIVATE_KEY_ID is not valid: must be text without line breaks "
                "(2) MYAPI_PRIVATE_KEY_ID must not be set without MYAPI_PRIVATE_KEY_FILE"
            ),
        ),
        (
            {**NAMELESS, "ASSERTION_FILE": "a", "AUTH": "post"},
            "MYAPI_AUTH must not be set without MYAPI_CLIENT_SECRET or MYAPI_CLIENT_SECRET_FILE",
        ),
        (
            {**SECRET, "DPOP_KEY_FILE": "dpop.pem", "DIALECT": "shopify"},
            (
                "MYAPI_DPOP_KEY_FILE and MYAPI_DIALECT must not be set together, as the dialect has no place for a "
                "proof; remove one"
            ),
        ),
        (
            {**SECRET, "DPOP_KEY_PASSWORD": MARK},
            "MYAPI_DPOP_KEY_PASSWORD must not be set without MYAPI_DPOP_KEY_FILE",
        ),
        ({**SECRET, "AUTH": "header"}, "MYAPI_AUTH is not valid: must be one of basic, basic-raw, post"),
        ({**SECRET, "DIALECT": "EBAY"}, f"MYAPI_DIALECT is not valid: must be one of {', '.join(dialect_names())}"),
        (
            {**SECRET, "TOKEN_URL": "http://as.example/token"},
            "MYAPI_TOKEN_URL must use https, as anyone on the network can read plain http; allow_http=True allows it",
        ),
    ],
)
def test_every_fault_is_named_at_once(values: dict[str, str], text: str) -> None:
    """Nothing is chosen between two identities: a key that a deployment did not fill in never sends the secret."""
    assert faults(values) == text


def test_plain_http_needs_an_argument() -> None:
    """Beyond loopback. No variable can allow it, and the issuer of a private key is https in any case."""
    plain = {"CLIENT_ID": "id", "CLIENT_SECRET": "s3cret", "ISSUER": "http://as:8080", "TOKEN_URL": "http://as:8080/t"}
    assert faults(plain).count("must use https") == 2
    assert faults({**plain, "ALLOW_HTTP": "1"}).count("must use https") == 2
    found = sound(plain, allow_http=True)
    assert found.target == Endpoint("http://as:8080/t", allow_http=True)
    del plain["TOKEN_URL"], plain["CLIENT_SECRET"]
    assert sound({**plain, "ASSERTION_FILE": "a"}, allow_http=True).target == Issuer("http://as:8080", allow_http=True)
    key = {**plain, "PRIVATE_KEY_FILE": "key.pem"}
    assert faults(key, allow_http=True) == (
        "MYAPI_ISSUER is not valid: must use https, as assertions signed with a private key contain it"
    )
    assert faults(key).count("must use https") == 2
    assert sound({**key, "ISSUER": "http://127.0.0.1:8080"}).key_file is not None


@pytest.mark.parametrize("prefix", ["", "1A_", "MY-API_", "MYAPI_\n", None, 5])
def test_a_prefix_is_the_beginning_of_a_name(prefix: Any) -> None:
    """It does not begin with a digit, and is not empty."""
    with pytest.raises(errors.InvalidInput, match="prefix must consist of") as caught:
        read_variables({"MYAPI_CLIENT_SECRET": MARK}, prefix)
    assert MARK not in shown_by(caught.value)
    assert caught.value.parameter == "prefix"


@given(states=st.fixed_dictionaries({name: st.sampled_from(["unset", "right", "empty", "wrong"]) for name in RIGHT}))
def test_any_combination_is_right_or_names_all_of_its_faults(states: dict[str, str]) -> None:
    """The variables with a fault and the names of missing ones stand in the error, and no value does."""
    values = {"right": RIGHT, "empty": dict.fromkeys(RIGHT, ""), "wrong": WRONG}
    taken = {name: values[state][name] for name, state in states.items() if state != "unset"}
    found = read(taken)
    identities = [name for name in IDENTITIES if name in taken]
    bad = {name for name, state in states.items() if state in ("empty", "wrong")}
    if "CLIENT_ID" not in taken:
        bad.add("CLIENT_ID")
    if len(identities) != 1:
        bad |= set(identities or IDENTITIES)
    if not taken.keys() & TARGETS:
        bad |= set(TARGETS)
    if "PRIVATE_KEY_FILE" in taken and "ISSUER" not in taken:
        bad.add("ISSUER")
    if "AUTH" in taken and not {"CLIENT_SECRET", "CLIENT_SECRET_FILE"} & taken.keys():
        bad.add("AUTH")
    if "PRIVATE_KEY_FILE" not in taken:
        bad |= {"PRIVATE_KEY_ID", "PRIVATE_KEY_PASSWORD"} & taken.keys()
    if "DPOP_KEY_FILE" not in taken:
        bad |= {"DPOP_KEY_PASSWORD"} & taken.keys()
    if not bad:
        assert found.faults == ()
        assert found.target is not None
        assert (found.key_file is not None) == (identities == ["PRIVATE_KEY_FILE"])
        assert (found.dpop_key_file is not None) == ("DPOP_KEY_FILE" in taken)
        assert MARK not in repr(found)
    else:
        words = " ".join(found.faults).replace(",", " ").split()
        assert bad <= {word.removeprefix("MYAPI_") for word in words}
        assert MARK not in " ".join(found.faults)
