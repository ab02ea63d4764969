"""
Drivers that perform the effects of flows, and shared parts of the HTTP library integrations.
"""
