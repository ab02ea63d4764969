from oauth_cc import Scope, Token


def widen(token: Token) -> None:
    token.scope = Scope.of("everything")  # refused
