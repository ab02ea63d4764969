from oauth_cc import Scope

print(5 in Scope.of("hello"))  # refused
