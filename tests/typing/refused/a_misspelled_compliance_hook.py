import requests

from oauth_cc.compat.requests_oauthlib import OAuth2Session


def corrected(response: requests.Response) -> requests.Response:
    return response


OAuth2Session("your_id").register_compliance_hook("access_token_answer", corrected)  # refused
