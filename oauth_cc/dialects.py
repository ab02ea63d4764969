"""
Ready-made dialects, each with its source and date.

A server without an entry here follows RFC 6749, or this library tolerates its departures. The letter says how reliable
an entry is. A: the provider's own text was read. B: third-party code, a catalogue or an issue was read. C: known from
before. ``PROVIDERS.md`` beside `oauth_cc.authentication` has all settings of each provider.
"""

from typing import Final

from oauth_cc.dialect import Dialect, Placement

__all__ = [
    "ADOBE_IMS",
    "AMAZON_SP_API",
    "APIGEE",
    "EBAY",
    "FISERV",
    "IBM_IAM",
    "ODOO",
    "PERSONIO_V1",
    "SALESFORCE",
    "SALESFORCE_MARKETING_CLOUD",
    "SAP_ARIBA",
    "SHOPIFY",
    "SOUNDCLOUD",
    "WALMART",
    "ZOOM",
]


def __dir__() -> list[str]:
    return __all__


ADOBE_IMS: Final = Dialect(scope_separator=",")
"""
Adobe Identity Management Services: commas separate scope-tokens.

Source: developer.adobe.com, OAuth Server-to-Server credential API reference; 2026-11; A.
"""

AMAZON_SP_API: Final = Dialect(
    placement=Placement("x-amz-access-token", scheme=None),
    rejection_statuses=(401, 403),
)
"""
Amazon Selling Partner API: it expects the bare token in ``x-amz-access-token``, and rejects an expired one with 403.

The API returns a bare 403 for a missing permission too, and such a call then costs a token request.

Source: developer-docs.amazon.com, Connecting to the Selling Partner API; 2026-11; A. The 403: an issue of
jlevers/selling-partner-api; B.
"""

APIGEE: Final = Dialect(bearer_names=("BearerToken",))
"""
Apigee with default settings, as many banks run it: ``token_type`` is ``BearerToken``.

Source: responses that users of several such APIs show; 2026-11; B.
"""

EBAY: Final = Dialect(bearer_names=("Application Access Token",))
"""
eBay: ``token_type`` is ``Application Access Token``.

Source: developer.ebay.com, client credentials grant flow; 2026-11; A.
"""

FISERV: Final = Dialect(bearer_names=("BearerToken",), lifetime_unit="ms")
"""
Fiserv, which runs Apigee: ``token_type`` is ``BearerToken``, and ``expires_in`` is in milliseconds.

Source: the catalogue of Nango (``expires_in_unit``); 2026-11; B.
"""

IBM_IAM: Final = Dialect(grant_type="urn:ibm:params:oauth:grant-type:apikey")
"""
IBM Cloud IAM: the grant is named after the API key that authenticates the client.

Source: cloud.ibm.com, Generating an IAM token by using an API key; 2026-11; A.
"""

ODOO: Final = Dialect(members={"expires_in": "access_token_validity"})
"""
Odoo with its REST module: the lifetime is ``access_token_validity``.

Source: the catalogue of Nango (``odoo-cc``); 2026-11; B.
"""

PERSONIO_V1: Final = Dialect(
    members={"access_token": "data.token", "expires_in": "data.expires_in", "scope": "data.scope"}
)
"""
Personio, version 1 of its API: the response is inside ``data``, and the token is ``token``. Version 2 follows the RFC.

Source: developer.personio.de, post_auth; 2026-11; A.
"""

SALESFORCE: Final = Dialect(default_lifetime=7200.0)
"""
Salesforce: no ``expires_in``. A token lives as long as a session, two hours by default.

An organization can choose another session time-out. Then use ``Dialect(default_lifetime=...)``.

Source: developer.salesforce.com, Understanding the OAuth Refresh Token Process; 2026-11; A. The missing member and the
default of the time-out: clients of others; B.
"""

SALESFORCE_MARKETING_CLOUD: Final = Dialect(body_format="json")
"""
Salesforce Marketing Cloud Engagement: the body is JSON.

Source: developer.salesforce.com, Access Token for Server-to-Server Integrations; 2026-11; A.
"""

SAP_ARIBA: Final = Dialect(grant_type="openapi_2lo")
"""
SAP Ariba, as older examples show it: the grant is called ``openapi_2lo``.

SAP's own text says ``client_credentials`` today, for which no dialect is needed. Try that first.

Source: the catalogue of Nango (``sap-ariba``); 2026-11; B. The other text: help.sap.com, Initial Access Token Requests;
2026-11; A.
"""

SHOPIFY: Final = Dialect(
    scope_separator=",",
    placement=Placement("X-Shopify-Access-Token", scheme=None),
)
"""
Shopify: commas separate scope-tokens, and the API expects the bare token in ``X-Shopify-Access-Token``.

Source: shopify.dev, Using the client credentials grant; 2026-11; A.
"""

SOUNDCLOUD: Final = Dialect(placement=Placement(scheme="OAuth"))
"""
SoundCloud: the API expects the scheme ``OAuth``.

Source: developers.soundcloud.com, API guide; 2026-11; A.
"""

WALMART: Final = Dialect(placement=Placement("WM_SEC.ACCESS_TOKEN", scheme=None))
"""
Walmart Marketplace: the API expects the bare token in ``WM_SEC.ACCESS_TOKEN``.

Source: developer.walmart.com, Get an access token using Token API; 2026-11; A.
"""

ZOOM: Final = Dialect(grant_type="account_credentials")
"""
Zoom server-to-server apps: the grant is called ``account_credentials``.

Source: developers.zoom.us, Server-to-Server OAuth; 2026-11; A.
"""
