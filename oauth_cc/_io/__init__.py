"""
What performs the effects of flows, in threads and in async code, and what the HTTP libraries' modules share.
"""
