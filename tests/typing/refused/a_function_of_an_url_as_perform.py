import httpx2

from oauth_cc.workload import GoogleMetadata

GoogleMetadata(httpx2.get)  # refused
