"""The visitor's REST door: fetch what a socket has missed."""

from typing import Any
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


class UpdatesApi(APIView):
    """Messages of the visitor's conversation after a known ``seq``."""

    authentication_classes = ()
    permission_classes = ()

    class InputSerializer(serializers.Serializer[Any]):
        after = serializers.IntegerField(min_value=0, default=0)

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
        with tenancy.scope(inbox.organisation_id):
            visit = services.find_visit(inbox=inbox, secret=_session_secret(request))
            if visit is None or visit.conversation_id is None:
                return Response({"events": [], "more": False, "last_seq": 0})
            conversation = conversation_selectors.get_conversation(visit.conversation_id)
            updates = conversation_selectors.list_updates(conversation, after_seq=query.validated_data["after"])
        return Response(
            {
                "events": [frame.model_dump(mode="json") for frame in updates.events],
                "more": updates.more,
                "last_seq": updates.last_seq,
            },
            headers={"Cache-Control": "no-store"},
        )


def _session_secret(request: Request) -> str:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "session":
        raise SessionRejected
    return secret
