from oauth_cc import Scope, Token


def may_read(token: Token) -> bool:
    return Scope.of("read") in token.scope  # refused
