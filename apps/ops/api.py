"""How do failures look in the REST API?"""

from typing import Any

from django.db import InterfaceError, OperationalError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from apps.core import errors


def translate_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return ``{"code", "detail"}`` (and ``"fields"`` for refused input) with the right status; None surfaces."""
    if isinstance(error, OperationalError | InterfaceError):
        error = errors.Unavailable(retry_after=2)
    if isinstance(error, errors.SuiteError):
        headers = {} if error.retry_after is None else {"Retry-After": str(max(1, round(error.retry_after)))}
        if isinstance(error, errors.Unauthenticated):
            headers["WWW-Authenticate"] = "Bearer"
        return Response({"code": error.code, "detail": error.message}, status=error.status, headers=headers)
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, exceptions.ValidationError):
        response.data = {
            "code": "request.invalid",
            "detail": "Some of the values cannot be accepted.",
            "fields": response.data,
        }
    elif isinstance(error, exceptions.APIException):
        response.data = {"code": f"request.{error.default_code}", "detail": str(error.detail)}
    return response
