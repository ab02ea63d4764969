from oauth_cc import ClientSecretBasic, SecretFile

ClientSecretBasic(SecretFile("/run/secrets/oauth")).secret.reveal()  # refused
