from oauth_cc import CertificateFile
from oauth_cc.jose import key_from_file

key_from_file("key.pem", certificate=CertificateFile("client.pem"))  # refused
