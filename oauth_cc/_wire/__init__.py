"""
Text and bytes as they stand on the wire: grammar, forms, JSON, base64url, content codings, URLs.
"""
