"""Health for machines, and the first page for people."""

import hmac
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from prometheus_client import CONTENT_TYPE_LATEST

from apps.accounts import selectors as account_selectors
from apps.core import clock, tenancy
from apps.customers.services import tokens as customer_tokens
from apps.inboxes import selectors as inbox_selectors
from apps.inboxes.errors import InboxNotFound
from apps.ops import selectors

DEMO_SLUG = "demo"


@require_GET
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """Answer as long as this process can answer at all."""
    return JsonResponse({"status": "alive", "version": settings.VERSION})


@require_GET
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """Answer 200 when everything the suite needs works, else 503 with what does not."""
    checks = selectors.check_readiness()
    is_ready = not any(check.problem for check in checks)
    body = {
        "status": "ready" if is_ready else "not ready",
        "checks": {check.name: {"problem": check.problem, "ms": check.ms} for check in checks},
    }
    return JsonResponse(body, status=200 if is_ready else 503)


@require_GET
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Return the metrics of all processes in Prometheus's text format, to those who have the token."""
    if not _may_read_metrics(request):
        raise Http404
    return HttpResponse(selectors.read_metrics(), content_type=CONTENT_TYPE_LATEST)


def _may_read_metrics(request: HttpRequest) -> bool:
    if not settings.METRICS_TOKEN:
        return bool(settings.ENVIRONMENT != "production")
    expected = f"Bearer {settings.METRICS_TOKEN}".encode()
    return hmac.compare_digest(request.headers.get("Authorization", "").encode(), expected)


@require_GET
def start(request: HttpRequest) -> HttpResponse:
    """Show what there is to see; without the demo, go to the desk."""
    if not settings.DEMO:
        return redirect("/desk/")
    context: dict[str, Any] = {
        "sign_ins": selectors.read_sign_ins(),
        "inbox": _demo_inbox(),
        "version": settings.VERSION,
    }
    return render(request, "ops/start.html", context)


@require_GET
@never_cache
def shop(request: HttpRequest) -> HttpResponse:
    """Show the demo company's page with the chat widget, to a stranger or to one of its customers (`?as=phoebe`)."""
    if not settings.DEMO:
        raise Http404
    context: dict[str, Any] = {"inbox": _demo_inbox(), **selectors.read_shop()}
    key = request.GET.get("as")
    account = next((one for one in context["accounts"] if one["key"] == key), None)
    secret = selectors.read_shop_secret()
    if account is not None and secret:
        # What a website's server does for its signed-in visitors: docs/how-to/verify-visitors.md.
        token = customer_tokens.sign_token(secret=secret, claims=account["claims"], now=clock.now())
        context |= {"account": account["claims"], "token": token}
    return render(request, "ops/shop.html", context)


def _demo_inbox() -> dict[str, str] | None:
    organisation = account_selectors.find_organisation_by_slug(DEMO_SLUG)
    if organisation is None:
        return None
    with tenancy.scope(organisation.id):
        inbox = next(iter(inbox_selectors.list_inboxes()), None)
    if inbox is None:
        raise InboxNotFound
    return {
        "id": str(inbox.id),
        "name": inbox.name,
        "organisation": organisation.name,
        "brand_colour": organisation.brand_colour,
    }


def robots(request: HttpRequest) -> HttpResponse:
    """Keep crawlers away: nothing here is for them."""
    return HttpResponse("User-agent: *\nDisallow: /\n", content_type="text/plain")
