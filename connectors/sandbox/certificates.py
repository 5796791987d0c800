"""Certificates for the sandbox's TLS doors, made on the fly: a good one, and each of those a client must refuse."""

from __future__ import annotations

import ipaddress
import ssl
import tempfile
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

#: What a door may show. Only the first one is to be trusted, by who trusts the sandbox's own authority.
KINDS = ("tls_good", "tls_expired", "tls_wrong_host", "tls_self_signed", "tls_old")


@dataclass(frozen=True, slots=True)
class Authority:
    """Who signs: made anew for each sandbox, trusted by nobody but tests."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        """What a client has to trust to accept `tls_good`."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()


def new_authority() -> Authority:
    """An authority that is valid from yesterday for a year."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Sandbox authority")
    builder = _builder(name, name, key, begin=datetime.now(UTC) - timedelta(days=1), days=365)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return Authority(key, builder.sign(key, hashes.SHA256()))


def server_context(kind: str, authority: Authority) -> ssl.SSLContext:
    """How a door of this kind speaks TLS."""
    key = ec.generate_private_key(ec.SECP256R1())
    host = "somewhere-else.example" if kind == "tls_wrong_host" else "localhost"
    begin = datetime.now(UTC) - timedelta(days=90 if kind == "tls_expired" else 1)
    issuer = _name(host) if kind == "tls_self_signed" else authority.certificate.subject
    builder = _builder(_name(host), issuer, key, begin=begin, days=60)
    names: list[x509.GeneralName] = [x509.DNSName(host)]
    if host == "localhost":
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    certificate = builder.sign(key if kind == "tls_self_signed" else authority.key, hashes.SHA256())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if kind == "tls_old":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # being outdated is what this door is for
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1
        context.set_ciphers("ALL:@SECLEVEL=0")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "chain.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context.load_cert_chain(path)
    return context


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, begin: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=days))
    )
