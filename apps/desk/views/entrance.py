"""Who gets into the desk's pages, and how are they refused?"""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from apps.core import errors, tenancy
from apps.desk import policies
from apps.desk.errors import ChangedMeanwhile, SignInNeeded

if TYPE_CHECKING:
    from apps.accounts.models import Membership

P = ParamSpec("P")


def at_desk(
    view: "Callable[Concatenate[HttpRequest, Membership, P], HttpResponse]",
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Let members with a desk role in, within the scope of their organisation; say why to everybody else.

    Pages redirect and explain. What scripts fetch gets ``{"code", "detail"}`` with the right status instead.
    """

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            member = policies.access_desk(request.user)
            with tenancy.scope(member.organisation_id):
                response = view(request, member, *args, **kwargs)
        except errors.SuiteError as error:
            response = _refuse(request, error)
        # Customers' words must not stay in a shared computer's cache after sign-out.
        response["Cache-Control"] = "no-store"
        patch_vary_headers(response, ["HX-Request", "Accept"])
        return response

    return guarded


def wants_part(request: HttpRequest) -> bool:
    """Tell whether htmx asks for a part of the page it is on."""
    return bool(request.htmx) and not request.htmx.history_restore_request  # type: ignore[attr-defined]


def _refuse(request: HttpRequest, error: errors.SuiteError) -> HttpResponse:
    wants_json = request.accepts("application/json") and not request.accepts("text/html")
    if wants_json or wants_part(request):
        body: dict[str, Any] = {"code": error.code, "detail": error.message, "retryable": error.retryable}
        if isinstance(error, ChangedMeanwhile):
            body |= {"question": error.question, "owner_version": error.owner_version}
        return JsonResponse(body, status=error.status)
    if isinstance(error, SignInNeeded):
        return redirect_to_login(request.get_full_path())
    if isinstance(error, errors.Forbidden):
        return render(request, "desk/forbidden.html", {"message": error.message}, status=error.status)
    raise error
