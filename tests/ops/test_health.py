"""Health for machines."""

from typing import TYPE_CHECKING

import pytest
from django.conf import settings

from apps.core import pulse

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db


def test_a_process_that_answers_is_alive(client: "Client") -> None:
    response = client.get("/health/live")

    assert response.status_code == 200
    assert response.json()["status"] == "alive"


def test_a_suite_whose_workers_are_silent_is_not_ready(client: "Client") -> None:
    response = client.get("/health/ready")

    checks = response.json()["checks"]
    assert response.status_code == 503
    assert checks["workers"]["problem"].startswith("nobody has served queue ai, bulk, compliance, outbound, urgent")
    assert {name for name, check in checks.items() if check["problem"]} == {"workers"}
    assert set(checks) == {"database", "keyvault", "broker", "cache", "workers"}


def test_a_suite_whose_workers_consume_is_ready(client: "Client") -> None:
    for queue in settings.CELERY_TASK_QUEUES:
        pulse.record(queue.name)

    response = client.get("/health/ready")

    assert response.status_code == 200
    assert response.json()["status"] == "ready"


def test_metrics_come_in_prometheus_text(client: "Client") -> None:
    response = client.get("/metrics")

    assert response.status_code == 200
    assert b"switchboard_events_total" in response.content


@pytest.mark.parametrize(
    ("environment", "token", "sent", "status"),
    [
        ("production", "", "", 404),
        ("production", "m3trics", "", 404),
        ("production", "m3trics", "Bearer wrong", 404),
        ("production", "m3trics", "Bearer m3trics", 200),
        ("dev", "", "", 200),
    ],
)
def test_metrics_are_for_those_who_have_the_token(
    client: "Client", monkeypatch: pytest.MonkeyPatch, environment: str, token: str, sent: str, status: int
) -> None:
    monkeypatch.setattr(settings, "ENVIRONMENT", environment)
    monkeypatch.setattr(settings, "METRICS_TOKEN", token)

    assert client.get("/metrics", headers={"Authorization": sent}).status_code == status


def test_every_response_carries_a_request_id_and_a_content_policy(client: "Client") -> None:
    response = client.get("/health/live", headers={"X-Request-ID": "from-the-proxy-1"})

    assert response["X-Request-ID"] == "from-the-proxy-1"
    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert "unsafe" not in response["Content-Security-Policy"]


def test_a_request_id_that_could_forge_log_lines_is_replaced(client: "Client") -> None:
    response = client.get("/health/live", headers={"X-Request-ID": "a b\u2028c"})

    assert response["X-Request-ID"] != "a b\u2028c"
    assert len(response["X-Request-ID"]) == 32
