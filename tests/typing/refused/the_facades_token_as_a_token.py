from oauth_cc import HttpRequest, authorize
from oauth_cc.compat import BackendApplicationClient

client = BackendApplicationClient("your_id")
authorize(HttpRequest("GET", "https://api.example/"), client.parse_request_body_response("{}"))  # refused
