"""
The fixtures of the plugin, which the tests of this project do not load as a plugin.
"""

from oauth_cc.testing.plugin import authorization_server, registered_client

__all__ = ["authorization_server", "registered_client"]
