# Narrow stubs, proven against oauthlib 4.0.1: the names that the tests use.
