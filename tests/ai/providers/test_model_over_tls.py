"""The same over TLS, as real endpoints are reached: certificates are checked, limits and reuse hold."""

import ipaddress
import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from apps.ai.errors import ModelStalled, ModelUnavailable
from apps.ai.providers.openai_compatible.client import Limits, ModelProvider
from apps.core import clock
from tests.ai.providers.drafting import LIMITS, begin, fail
from tests.simulators.model_endpoint import ModelEndpoint, running_model_endpoint


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with a certificate for this host and its key, made for this run."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(clock.now() - timedelta(hours=1))
        .not_valid_after(clock.now() + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "host.pem"
    encoding = serialization.Encoding.PEM
    path.write_bytes(
        made.public_bytes(encoding)
        + key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


@pytest.fixture(scope="module")
def endpoint(certificate: Path) -> Iterator[ModelEndpoint]:
    """Return an endpoint that speaks TLS as well."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with running_model_endpoint(tls=context) as running:
        yield running


def _provider(endpoint: ModelEndpoint, limits: Limits = LIMITS) -> ModelProvider:
    return ModelProvider(
        base_url=f"https://127.0.0.1:{endpoint.tls_port}", api_key="sk-1", model="sim-1", limits=limits
    )


def test_answers_stream_over_one_connection(
    endpoint: ModelEndpoint, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    endpoint.control(reset=True, token_gap_ms=5)
    endpoint.forget()
    provider = _provider(endpoint)

    answers = ["".join(begin(provider)) for _ in range(3)]

    assert answers == ["Refunds take 5 working days. [1]"] * 3
    assert len({asked["connection"] for asked in endpoint.requests()}) == 1


def test_a_stall_ends_in_time_and_the_connection_is_closed(
    endpoint: ModelEndpoint, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    endpoint.control(reset=True, faults=[{"kind": "stall", "after": 3}], token_gap_ms=5)

    failure = fail(_provider(endpoint, Limits(token_gap_seconds=0.4)))

    assert type(failure.error) is ModelStalled
    assert failure.said == "Refunds take 5"
    assert failure.seconds < 1.5
    assert endpoint.how_last_ended() == "gone"


def test_a_certificate_nobody_vouches_for_is_not_accepted(endpoint: ModelEndpoint) -> None:
    endpoint.forget()

    failure = fail(_provider(endpoint))

    assert type(failure.error) is ModelUnavailable
    assert endpoint.requests() == []
