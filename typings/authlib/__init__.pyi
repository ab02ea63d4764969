# Narrow stubs, proven against Authlib 1.9.9: the names that oauth_cc.testing and the tests use.
