"""
Integrations and the sources that they reject.
"""

from collections.abc import Callable
from typing import Any

import pytest
from ory_hydra_client.configuration import Configuration

from oauth_cc import ClientCredentials, InvalidInput, token_request
from oauth_cc.httpx2 import AsyncTokenSource, ClientCredentialsAuth, TokenSource
from oauth_cc.integrations.aiokafka import TokenProvider
from oauth_cc.integrations.confluent_kafka import oauth_cb
from oauth_cc.integrations.grpc import call_credentials
from oauth_cc.integrations.openapi import with_source
from oauth_cc.integrations.smtplib import Xoauth2
from oauth_cc.jose import new_key


def test_a_source_of_dpop_tokens_is_refused_where_no_proof_can_be_sent() -> None:
    """Any program could use such a token without the key."""
    bound = token_request(ClientCredentials("your_id", "s3cret")).with_dpop(new_key())
    source = TokenSource(bound, "https://as.example/token")
    takers: list[Callable[[], object]] = [
        lambda: Xoauth2("me@example.com", source),
        lambda: oauth_cb(source),
        lambda: TokenProvider(AsyncTokenSource(bound, "https://as.example/token")),
        lambda: with_source(Configuration(), source),
        lambda: call_credentials(source),
    ]
    for take in takers:
        with pytest.raises(InvalidInput) as caught:
            take()
        assert caught.value.parameter == "source"
        assert str(caught.value) == (
            "source must be for bearer tokens; this protocol has no place for the proof of a DPoP token"
        )


def test_a_source_of_another_kind_is_refused_with_the_one_to_pass() -> None:
    """A coroutine would be sent in place of a token."""
    credentials = ClientCredentials("your_id", "s3cret")
    sync, later, auth = [
        kind(credentials, "https://as.example/token") for kind in (TokenSource, AsyncTokenSource, ClientCredentialsAuth)
    ]
    threads, tasks = ("a TokenSource", "auth.source"), ("an AsyncTokenSource", "auth.async_source")
    either = ("a TokenSource or AsyncTokenSource", "auth.source or auth.async_source")
    takers: list[tuple[Callable[[Any], object], object, tuple[str, str]]] = [
        (lambda source: Xoauth2("me@example.com", source), later, threads),
        (oauth_cb, later, threads),
        (TokenProvider, sync, tasks),
        (call_credentials, later, threads),
        (lambda source: with_source(Configuration(), source), auth, either),
    ]
    for take, wrong, (kind, attribute) in takers:
        for given in (wrong, auth, None):
            with pytest.raises(InvalidInput) as caught:
                take(given)
            assert caught.value.parameter == "source"
            reason = f"source must be {kind}, not {type(given).__name__}; an auth has one: pass {attribute}"
            assert str(caught.value) == reason
