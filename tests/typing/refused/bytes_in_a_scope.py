from oauth_cc import Scope

Scope.of(b"hello", b"world")  # refused
