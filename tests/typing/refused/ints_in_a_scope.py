from oauth_cc import Scope

Scope.of(1, 2)  # refused
