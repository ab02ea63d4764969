# Narrow stubs, proven against oauthlib 4.0.1: what a client of this grant touches.
