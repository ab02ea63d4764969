"""
Wire formats: grammar, forms, JSON, base64url, content codings, URLs.
"""
