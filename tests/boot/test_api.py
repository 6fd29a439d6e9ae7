"""Where the API is to listen, as the settings say it: with a certificate, and on a port of its own."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from callcenter.boot.api import listen
from callcenter.config.settings import WebSettings
from callcenter.embedded.ports import PortBook
from callcenter.errors import ConfigurationError
from callcenter.postgres.pool import Pool
from tests.web.office import office


def certificate(folder: Path) -> tuple[Path, Path]:
    """One for loopback, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "center")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert, secret = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert, secret


async def test_with_a_certificate_it_speaks_tls_and_nothing_else(tmp_path: Path, pool: Pool) -> None:
    cert, key = certificate(tmp_path)
    ports = PortBook(tmp_path / "ports.json")
    where = listen(WebSettings(tls_certificate=cert, tls_key=key), ports)
    assert where.port == listen(WebSettings(), ports).port  # picked once and remembered
    trusting = ssl.create_default_context(cafile=str(cert))
    async with office(pool, listen=where) as api:
        assert api.door.url == f"https://127.0.0.1:{where.port}/api"
        headers = {"Authorization": f"Bearer {api.token}", "Origin": f"https://127.0.0.1:{where.port}"}
        async with api.client.get(f"{api.door.url}/queues", headers=headers, ssl=trusting) as answer:
            assert answer.status == 200
        with pytest.raises(aiohttp.ClientError):
            await api.client.get(f"http://127.0.0.1:{where.port}/api/queues")


def test_a_certificate_that_cannot_be_used_is_said_to_be(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    key.write_text("no key")
    with pytest.raises(ConfigurationError, match=r"web\.tls_certificate"):
        listen(WebSettings(tls_certificate=cert, tls_key=key), PortBook(tmp_path / "ports.json"))
    with pytest.raises(ConfigurationError, match=r"web\.tls_certificate"):
        listen(WebSettings(tls_certificate=tmp_path / "none.pem", tls_key=key), PortBook(tmp_path / "ports.json"))
