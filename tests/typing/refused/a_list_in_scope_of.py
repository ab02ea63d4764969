from oauth_cc import Scope

Scope.of(["hello", "world"])  # refused
