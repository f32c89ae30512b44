"""What does every request get? A request id in the logs, a content policy, and named failures as pages."""

import re
from collections.abc import Awaitable, Callable
from typing import cast
from uuid import uuid4

import structlog
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.decorators import sync_and_async_middleware

from apps.core import errors

logger = structlog.get_logger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")

# Our pages need no inline code at all. The admin (unfold with Alpine) does, so it has a policy of its own.
POLICY = (
    "default-src 'self'; img-src 'self' data:; connect-src 'self' {sockets}; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'self'; object-src 'none'"
)
ADMIN_POLICY = (
    "default-src 'self'; img-src 'self' data:; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"
)
ADMIN_PREFIXES = ("/admin/", "/api/docs/")


class _Middleware:
    """Works in sync and async chains; subclasses say what happens before and after."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        self.before(request)
        if self.is_async:
            return self._later(request)
        return self.after(request, cast("HttpResponseBase", self.get_response(request)))

    async def _later(self, request: HttpRequest) -> HttpResponseBase:
        return self.after(request, await cast("Awaitable[HttpResponseBase]", self.get_response(request)))

    def before(self, request: HttpRequest) -> None:
        """Look at the request."""

    def after(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Look at the response."""
        return response


class RequestContextMiddleware(_Middleware):
    """Gives each request an id that its log lines and its response carry."""

    def before(self, request: HttpRequest) -> None:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)

    def after(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response["X-Request-ID"] = structlog.contextvars.get_contextvars().get("request_id", "")
        return response


class ContentSecurityPolicyMiddleware(_Middleware):
    """Sets the content security policy (https://www.w3.org/TR/CSP3/)."""

    def after(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if "Content-Security-Policy" not in response:
            if request.path.startswith(ADMIN_PREFIXES):
                response["Content-Security-Policy"] = ADMIN_POLICY
            else:
                # Older Safari does not count ws: and wss: to 'self'.
                host = request.META.get("HTTP_HOST", "")
                sockets = f"ws://{host} wss://{host}" if re.fullmatch(r"[\w.:\[\]-]+", host) else ""
                response["Content-Security-Policy"] = POLICY.format(sockets=sockets)
        return response


@sync_and_async_middleware
class SuiteErrorMiddleware(_Middleware):
    """Turns named failures that a view did not translate into a page, or JSON for the API."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, OperationalError | InterfaceError):
            # The database is away; what was being done is rolled back as a whole.
            logger.warning("request.database_away", error=type(exception).__name__)
            exception = errors.Unavailable()
        if not isinstance(exception, errors.SuiteError):
            return None
        if request.path.startswith("/api/"):
            return JsonResponse({"code": exception.code, "detail": exception.message}, status=exception.status)
        context = {"status": exception.status, "message": exception.message, "retryable": exception.retryable}
        return render(request, "ops/problem.html", context, status=exception.status)
