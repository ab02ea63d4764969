from oauth_cc import HttpResponse

HttpResponse("200", {}, b"")  # refused
