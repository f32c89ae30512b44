"""The visitor's REST door: fetch what a socket has missed."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.conversations import selectors as conversation_selectors
from apps.core import tenancy
from apps.inboxes import selectors, services
from apps.inboxes.errors import SessionRejected
from apps.inboxes.types import Visit

if TYPE_CHECKING:
    from apps.inboxes.models import Inbox


class UpdatesApi(APIView):
    """Messages of the visitor's conversation after a known ``seq``."""

    authentication_classes = ()
    permission_classes = ()

    class InputSerializer(serializers.Serializer[Any]):
        after = serializers.IntegerField(min_value=0, default=0)
        conversation = serializers.UUIDField(
            required=False, help_text="The conversation the client shows; of another one nothing is returned."
        )

    @extend_schema_serializer(component_name="MissedMessages")
    class OutputSerializer(serializers.Serializer[Any]):
        events = serializers.ListField(child=serializers.DictField())
        more = serializers.BooleanField()
        last_seq = serializers.IntegerField()

    @extend_schema(
        operation_id="chat_updates",
        parameters=[
            InputSerializer,
            OpenApiParameter("Authorization", str, OpenApiParameter.HEADER, description="Session s_…", required=True),
        ],
        responses=OutputSerializer,
    )
    def get(self, request: Request, inbox_id: UUID) -> Response:
        query = self.InputSerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        inbox = selectors.get_inbox(inbox_id)
        headers = {"Cache-Control": "no-store", **_origin_headers(request, inbox)}
        with tenancy.scope(inbox.organisation_id):
            visit = services.find_visit(inbox=inbox, secret=_session_secret(request))
            if visit is None or visit.conversation_id is None or _is_another(query.validated_data, visit):
                return Response({"events": [], "more": False, "last_seq": 0}, headers=headers)
            conversation = conversation_selectors.get_conversation(visit.conversation_id)
            updates = conversation_selectors.list_updates(conversation, after_seq=query.validated_data["after"])
        return Response(
            {
                "events": [frame.model_dump(mode="json") for frame in updates.events],
                "more": updates.more,
                "last_seq": updates.last_seq,
            },
            headers=headers,
        )

    @extend_schema(exclude=True)
    def options(self, request: Request, inbox_id: UUID) -> Response:  # type: ignore[override]
        """Answer a browser that asks whether a page of another origin may fetch with a session (CORS preflight)."""
        headers = _origin_headers(request, selectors.get_inbox(inbox_id))
        allowed = {"Access-Control-Allow-Methods": "GET", "Access-Control-Allow-Headers": "authorization"}
        return Response(status=204, headers={**headers, **allowed, "Access-Control-Max-Age": "600"})


def _is_another(query: dict[str, Any], visit: Visit) -> bool:
    """Tell whether the session belongs to somebody else by now: another tab has signed in."""
    return query.get("conversation", visit.conversation_id) != visit.conversation_id


def _origin_headers(request: Request, inbox: "Inbox") -> dict[str, str]:
    """Return what lets the asking page read the answer. Raises ``OriginRefused`` as the socket does."""
    origin = request.headers.get("Origin")
    services.check_origin(inbox, origin=origin, host=request.get_host())
    return {"Vary": "Origin"} if origin is None else {"Vary": "Origin", "Access-Control-Allow-Origin": origin}


def _session_secret(request: Request) -> str:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "session":
        raise SessionRejected
    return secret
