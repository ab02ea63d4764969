"""
Client certificates in files, in any form, and a TLS context that follows a rotated certificate, such as an X.509-SVID.
"""

import os
import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias, final

from oauth_cc._wire.der import der_form
from oauth_cc._wire.pem import unwrap
from oauth_cc.authentication.certificate import Certificate
from oauth_cc.authentication.federated import checked_path
from oauth_cc.errors import InvalidInput, kind_fault
from oauth_cc.secret import Secret

__all__ = ["certificate_from_file", "client_context"]


def __dir__() -> list[str]:
    return __all__


_MAX_SIZE: Final = 1024 * 1024

_Path: TypeAlias = str | os.PathLike[str]
_Stamp: TypeAlias = tuple[tuple[int, int, int], ...]


def certificate_from_file(file: _Path, *, password: str | bytes | Secret | None = None) -> Certificate:
    """
    Load a client certificate from a file: PKCS #12, and any form that `Certificate.from_pem` reads.

    Args:
        file: The path of the file.
        password: The password of PKCS #12, which needs the extra ``jwt``.

    Raises:
        InvalidInput: The file cannot be read, or does not contain a certificate. The error names the form that was
            found.
    """
    path = checked_path(file)
    content = (
        InvalidInput("certificate", "certificate must be in a file; pass its path") if path is None else _read(path)
    )
    found = content if isinstance(content, InvalidInput) else _in_file(path or "", _certificate(content, password))
    del file, path, content, password
    if isinstance(found, InvalidInput | ImportError):
        raise found
    return found


def _read(path: str) -> bytes | InvalidInput:
    try:
        with Path(path).open("rb") as opened:
            return opened.read(_MAX_SIZE)
    except OSError as error:
        return InvalidInput("certificate", f"certificate file {path} cannot be read: {error.strerror}; check the path")


_Found: TypeAlias = Certificate | InvalidInput | ImportError


def _in_file(path: str, found: _Found) -> _Found:
    if not isinstance(found, InvalidInput):
        return found
    fault = found.reason.removeprefix("certificate ")
    if found.parameter == "password":
        return found
    if fault == found.reason:
        fault = "holds no certificate; pass a file with one in PEM, DER or PKCS #12"
    return InvalidInput("certificate", f"certificate file {path} {fault}")


def _certificate(content: bytes, password: str | bytes | Secret | None) -> _Found:
    if not (password is None or isinstance(password, str | bytes | Secret)):
        return kind_fault("password", password, "a str, bytes or Secret")
    der = unwrap(content)
    if not isinstance(der, bytes) or der_form(der) != "PKCS #12":
        try:
            return Certificate.from_pem(content)
        except InvalidInput as fault:
            return fault.with_traceback(None)
    try:
        from cryptography.hazmat.primitives.serialization import Encoding
        from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12
    except ImportError:
        # Returned, as a traceback from here would show the password.
        return ImportError("certificates in PKCS #12 need more packages: install oauth_cc[jwt]")
    word = password.reveal() if isinstance(password, Secret) else password
    try:
        found = load_pkcs12(der, word.encode("utf-8") if isinstance(word, str) else word)
    except ValueError:
        return InvalidInput("certificate", "certificate in PKCS #12 cannot be read; pass the right password=")
    if found.cert is None:
        return InvalidInput("certificate", "certificate in PKCS #12 is missing; export it together with its key")
    chain = [each.certificate.public_bytes(Encoding.DER) for each in (found.cert, *found.additional_certs)]
    return Certificate(Certificate.from_der(chain[0]).thumbprint, chain=tuple(chain))


def client_context(
    certificate: _Path,
    key: _Path | None = None,
    *,
    password: str | Secret | None = None,
    authorities: _Path | None = None,
) -> ssl.SSLContext:
    """
    Return a TLS context for clients that reads its certificate again when the file is replaced.

    Each new connection has the certificate of that moment. An open connection keeps its certificate. While the
    certificate and its key do not match, as between the replacements of two files, new connections have the earlier
    pair.

    Args:
        certificate: The path of a PEM file with the certificate and its chain.
        key: The path of the private key, None if it is in the same file.
        password: The password of the key.
        authorities: The path of a PEM file with the only authorities to trust. None for the authorities of the system.

    Raises:
        InvalidInput: A file cannot be read, the key does not match, or an argument is of another type.
    """
    paths = [None if path is None else checked_path(path) for path in (certificate, key, authorities)]
    given = [path for path in (certificate, key, authorities) if path is not None]
    del certificate, key, authorities
    if len([path for path in paths if path is not None]) != len(given):
        # An argument may be the key itself.
        del paths, given, password
        raise InvalidInput("certificate", "certificate, key and authorities must be paths of PEM files")
    if not (password is None or isinstance(password, str | Secret)):
        wrong = kind_fault("password", password, "a str or Secret")
        del paths, given, password
        raise wrong
    word = password.reveal() if isinstance(password, Secret) else password
    context = _RotatingContext(ssl.PROTOCOL_TLS_CLIENT)
    fault = context.start(paths[0] or "", paths[1], word, paths[2])
    if fault is not None:
        del context, password, word
        raise fault
    return context


@final
class _RotatingContext(ssl.SSLContext):
    # Made by `start`, because the constructor of an SSLContext takes a protocol.

    _pair: tuple[str, str | None]
    _password: Secret
    _stamp: _Stamp
    _lock: threading.Lock

    def start(
        self, certificate: str, key: str | None, password: str | None, authorities: str | None
    ) -> InvalidInput | None:
        self._pair, self._password, self._lock = (certificate, key), Secret(password or ""), threading.Lock()
        try:
            if authorities is None:
                self.load_default_certs()
            else:
                self.load_verify_locations(cafile=authorities)
        except OSError as error:
            return InvalidInput("certificate", f"authorities cannot be read as PEM certificates: {error.strerror}")
        try:
            self._stamp = self._stamp_of_files()
            self._load(self)
        except (ssl.SSLError, ValueError):
            # The second for a password that OpenSSL does not take.
            reason = "certificate must be PEM, with its private key in the same file or in key=, and its password"
        except OSError as error:
            name = error.filename or " or ".join([path for path in self._pair if path is not None])
            reason = f"certificate or key file {name} cannot be read: {error.strerror}; check the path"
        else:
            return None
        return InvalidInput("certificate", reason)

    if not TYPE_CHECKING:
        # Hidden from type checkers, as their arguments are those of SSLContext.

        def wrap_socket(self, *args, **options):
            self._follow()
            return super().wrap_socket(*args, **options)

        def wrap_bio(self, *args, **options):
            self._follow()
            return super().wrap_bio(*args, **options)

    def _follow(self) -> None:
        with self._lock:
            try:
                stamp = self._stamp_of_files()
                if stamp == self._stamp:
                    return
                # First into another context: a pair that does not fit would leave this one without a certificate.
                self._load(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
                self._load(self)
            except (OSError, ValueError):
                # One of the files is being replaced. The next connection looks again.
                return
            self._stamp = stamp

    def _load(self, context: ssl.SSLContext) -> None:
        # Without a callback, OpenSSL would prompt for the password of an encrypted key.
        context.load_cert_chain(*self._pair, password=self._password.reveal)

    def _stamp_of_files(self) -> _Stamp:
        found = [Path(path).stat() for path in self._pair if path is not None]
        return tuple([(each.st_mtime_ns, each.st_ino, each.st_size) for each in found])
