"""The OpenAPI document."""

from io import StringIO

import pytest
from django.core.management import call_command


def test_the_api_describes_itself_without_a_warning() -> None:
    out = StringIO()

    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)

    assert "/api/v1/conversations:" in out.getvalue()


@pytest.mark.django_db
def test_signing_in_to_the_admin_goes_through_the_one_sign_in(client: object) -> None:
    response = client.get("/admin/login/")  # type: ignore[attr-defined]

    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")
