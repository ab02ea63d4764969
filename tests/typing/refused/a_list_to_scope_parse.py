from oauth_cc import Scope

Scope.parse(["hello", "world"])  # refused
