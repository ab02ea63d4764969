from oauth_cc import ClientCredentials
from oauth_cc.aiohttp import from_issuer


async def endpoint(credentials: ClientCredentials) -> str:
    return from_issuer("https://as.example", credentials).endpoint  # refused
