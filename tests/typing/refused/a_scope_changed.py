from oauth_cc import Scope

scope = Scope.of("hello")
scope.tokens = ("world",)  # refused
