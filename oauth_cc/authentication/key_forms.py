"""
The forms of private keys, recognized without reading the key itself.

    text or bytes ─ recognized ─▶ KeyText | the fault
"""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, final

import attrs

from oauth_cc._wire.pem import block, blocks, structure, unwrap
from oauth_cc.secret import Secret

Form: TypeAlias = Literal["JWK", "PEM", "OpenSSH", "DER", "PKCS #12"]
"""The forms that can be read."""

_PKCS_12: Final = (0x02, 0x30, 0x30)
# What a DER form holds that is not a private key: by the tags of RFC 5280 sections 4.1 and 4.1.2.7.
_OTHER_DER: Final[Mapping[tuple[int, ...], str]] = {
    (0x30, 0x30, 0x03): "is a certificate in DER, not a private key; pass the private key",
    (0x30, 0x03): "is a public key in DER; pass the private key",
}
_ENCRYPTED_DER: Final = (0x30, 0x04)
# id-RSASSA-PSS (RFC 4055 section 3.1), as it stands in PKCS #8.
_RSA_PSS: Final = bytes.fromhex("06092a864886f70d01010a")
_HEAD: Final = 64
_OTHERS: Final = (
    ("PuTTY-User-Key-File", "is a PuTTY key; convert it with: puttygen FILE -O private-openssh-new -o NEW"),
    ("-----BEGIN PGP", "is a PGP key; pass a key in PEM or a JWK"),
    ("PUBLIC KEY", "is a public key or a certificate; pass the private key"),
    ("CERTIFICATE REQUEST", "is a certificate request; pass the private key that signed it"),
    ("CERTIFICATE", "is a public key or a certificate; pass the private key"),
    ("ssh-", "is an SSH public key; pass the private key, the file without .pub"),
    ("ecdsa-", "is an SSH public key; pass the private key, the file without .pub"),
)
UNKNOWN: Final = "is not PEM, DER or a JWK; pass the text of the file that begins with -----BEGIN, not its name"
"""The fault of what is in no known form."""


@final
@attrs.frozen
class KeyText:
    """
    A private key that is still to be read.

    Args:
        form: Its form.
        content: The content: text, or the bytes of DER as Latin-1.
        rsa_pss: Whether it is for RSASSA-PSS alone.
    """

    form: Form
    content: Secret
    rsa_pss: bool = False


def recognized(content: str | bytes, *, has_password: bool) -> KeyText | str:
    """
    Return the private key in *content*, or the fault, which names the form that was found.

    Args:
        content: The content of a file or of an environment variable.
        has_password: Whether there is a password for it.

    Example:
        >>> recognized("ssh-ed25519 AAAAC3Nz", has_password=False)
        'is an SSH public key; pass the private key, the file without .pub'
    """
    found = unwrap(content)
    if isinstance(found, bytes):
        return _in_der(found, has_password)
    if found.startswith("{"):
        return KeyText("JWK", Secret(found))
    private = [(label, inside) for label, inside in blocks(found) if label.endswith("PRIVATE KEY")]
    if not private:
        return next((fault for pattern, fault in _OTHERS if pattern in found), UNKNOWN)
    label, inside = private[0]
    if not has_password and ("ENCRYPTED" in label or "ENCRYPTED" in inside):
        return "is encrypted; pass password="
    form: Form = "OpenSSH" if label == "OPENSSH PRIVATE KEY" else "PEM"
    whole = block(label, inside)
    rsa_pss = label == "PRIVATE KEY" and _is_rsa_pss(unwrap(inside))
    return KeyText(form, Secret(whole), rsa_pss)


def _in_der(der: bytes, has_password: bool) -> KeyText | str:
    tags = structure(der)
    if tags in _OTHER_DER:
        return _OTHER_DER[tags]
    is_pkcs_12 = tags == _PKCS_12 and der[4:8].find(b"\x02\x01\x03") >= 0
    if not has_password and (tags == _ENCRYPTED_DER or is_pkcs_12):
        return f"is {'PKCS #12' if is_pkcs_12 else 'encrypted'}; pass password="
    return KeyText("PKCS #12" if is_pkcs_12 else "DER", Secret(der.decode("latin-1")), _is_rsa_pss(der))


def _is_rsa_pss(der: str | bytes) -> bool:
    return isinstance(der, bytes) and _RSA_PSS in der[:_HEAD]
