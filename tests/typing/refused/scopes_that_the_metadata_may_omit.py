from oauth_cc.metadata import ServerMetadata


def offers_reading(metadata: ServerMetadata) -> bool:
    return "read" in metadata.scopes_supported  # refused
