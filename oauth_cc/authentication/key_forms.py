"""
The forms of private keys, recognized without reading the key itself.

    text or bytes ─ recognized ─▶ KeyText | the fault
"""

from binascii import Error, a2b_base64
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, final

import attrs

from oauth_cc._wire.der import DerForm, der_form, structure
from oauth_cc._wire.pem import block, blocks, unwrap
from oauth_cc.secret import Secret

Form: TypeAlias = Literal["JWK", "PEM", "OpenSSH", "DER", "PKCS #12"]
"""The forms that can be read."""

_OTHER_DER: Final[Mapping[DerForm, str]] = {
    "certificate": "is a certificate in DER, not a private key; pass the private key",
    "certificate request": "is a certificate request in DER; pass the private key that signed it",
    "revocation list": "is a revocation list in DER; pass the private key",
    "public key": "is a public key in DER; pass the private key",
    "PKCS #7": "is PKCS #7, which holds certificates alone; pass the private key",
}
# A MAC, which PKCS #12 has if it has a password.
_WITH_MAC: Final = (0x02, 0x30, 0x30)
# id-RSASSA-PSS (RFC 4055 section 3.1), as it stands in PKCS #8.
_RSA_PSS: Final = bytes.fromhex("06092a864886f70d01010a")
_HEAD: Final = 64
_OPENSSH: Final = b"openssh-key-v1\0"
_NO_CIPHER: Final = b"\0\0\0\4none"
_OTHERS: Final = (
    ("PuTTY-User-Key-File", "is a PuTTY key; convert it with: puttygen FILE -O private-openssh-new -o NEW"),
    ("-----BEGIN PGP", "is a PGP key; pass a key in PEM or a JWK"),
    ("-----BEGIN PKCS7", "is PKCS #7, which holds certificates alone; pass the private key"),
    ("X509 CRL", "is a revocation list; pass the private key"),
    ("PARAMETERS-----", "is parameters without a key; pass the private key"),
    ("PUBLIC KEY", "is a public key or a certificate; pass the private key"),
    ("CERTIFICATE REQUEST", "is a certificate request; pass the private key that signed it"),
    ("CERTIFICATE", "is a public key or a certificate; pass the private key"),
    ("ssh-", "is an SSH public key; pass the private key, the file without .pub"),
    ("ecdsa-", "is an SSH public key; pass the private key, the file without .pub"),
)
_JKS: Final = b"\xfe\xed\xfe\xed"
_NOT_KEY: Final = "is not PEM, DER or a JWK"
UNKNOWN: Final = f"{_NOT_KEY}; pass the text of the file that begins with -----BEGIN, not its name"
"""The fault of what is in no known form."""

# The files of service accounts, by their member ``type``: the account, the member with the key, and its recipe.
_ACCOUNTS: Final[Mapping[str, tuple[str, str, str]]] = {
    "service_account": ("Google", "private_key", "Google service accounts"),
    "serviceaccount": ("Zitadel", "key", "A signed assertion as the grant"),
}


@final
@attrs.frozen
class KeyText:
    """
    A private key that is still to be read.

    Args:
        form: Its form.
        content: The content: text, or the bytes of DER as Latin-1.
        rsa_pss: Whether it is for RSASSA-PSS alone.
        needs_bcrypt: Whether the package ``bcrypt`` decrypts it.
    """

    form: Form
    content: Secret
    rsa_pss: bool = False
    needs_bcrypt: bool = False


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
    form: Form = "OpenSSH" if label == "OPENSSH PRIVATE KEY" else "PEM"
    is_closed = _is_closed_openssh(inside) if form == "OpenSSH" else "ENCRYPTED" in f"{label} {inside}"
    if is_closed and not has_password:
        return "is encrypted; pass password="
    whole = block(label, inside)
    rsa_pss = label == "PRIVATE KEY" and _is_rsa_pss(unwrap(inside))
    return KeyText(form, Secret(whole), rsa_pss, needs_bcrypt=is_closed and form == "OpenSSH")


def unknown_in_file(content: bytes) -> str:
    """
    Return the fault of a file with *content* that is in no known form.

        >>> unknown_in_file(b"")
        'is empty; check the program that writes it'
    """
    if not content.strip():
        return "is empty; check the program that writes it"
    if content.startswith(_JKS):
        command = "keytool -importkeystore -srckeystore FILE -destkeystore NEW -deststoretype PKCS12"
        return f"is a Java KeyStore; convert it with: {command}"
    if b"-----BEGIN" in content and b"-----END" not in content:
        return "is PEM without its end; copy the whole file"
    return f"{_NOT_KEY}; pass a file with the private key in one of these forms"


def account_fault(members: Mapping[str, object]) -> str | None:
    """
    Return the fault of *members* that are the file of a service account and not a JWK, None if they are not.

        >>> account_fault({"type": "serviceaccount", "keyId": "1", "key": "-----BEGIN"})[:59]
        'is the file of a Zitadel service account; pass its member k'
    """
    named = members.get("type")
    found = _ACCOUNTS.get(named) if isinstance(named, str) else None
    if found is None:
        return None
    account, member, recipe = found
    return (
        f"is the file of a {account} service account; pass its member {member} to key_from_pem(), "
        f"as the recipe '{recipe}' of PROVIDERS.md does"
    )


def _in_der(der: bytes, has_password: bool) -> KeyText | str:
    form = der_form(der)
    fault = None if form is None else _OTHER_DER.get(form)
    if fault is not None:
        return fault
    is_pkcs_12 = form == "PKCS #12"
    is_closed = structure(der) == _WITH_MAC if is_pkcs_12 else form == "encrypted private key"
    if is_closed and not has_password:
        return f"is {'PKCS #12' if is_pkcs_12 else 'encrypted'}; pass password="
    return KeyText("PKCS #12" if is_pkcs_12 else "DER", Secret(der.decode("latin-1")), _is_rsa_pss(der))


def _is_closed_openssh(content: str) -> bool:
    # The name of the cipher follows, with its length in four bytes (PROTOCOL.key of OpenSSH).
    try:
        raw = a2b_base64("".join(content.split()))
    except Error:
        return False
    return raw.startswith(_OPENSSH) and not raw.startswith(_OPENSSH + _NO_CIPHER)


def _is_rsa_pss(der: str | bytes) -> bool:
    return isinstance(der, bytes) and _RSA_PSS in der[:_HEAD]
