"""Conversations for programs: a list, and the messages of one."""

import base64
import json
from datetime import datetime
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import policies as account_policies
from apps.accounts.types import Scope
from apps.conversations import selectors
from apps.conversations.errors import CursorUnreadable
from apps.conversations.models import Conversation
from apps.conversations.types import MISSED_LIMIT, Status
from apps.core import tenancy


class ConversationSerializer(serializers.Serializer[Conversation]):
    """One conversation in a list."""

    id = serializers.UUIDField()
    channel = serializers.CharField()
    status = serializers.CharField()
    title = serializers.CharField()
    owner_kind = serializers.CharField()
    last_seq = serializers.IntegerField()
    last_message_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()


class ConversationListApi(APIView):
    """Conversations by last activity, newest first. Scope ``conversations:read``."""

    class InputSerializer(serializers.Serializer[Any]):
        status = serializers.ChoiceField(choices=[status.value for status in Status], required=False)
        limit = serializers.IntegerField(min_value=1, max_value=100, default=50)
        cursor = serializers.CharField(required=False, help_text="`next` of the page before.")

    @extend_schema_serializer(component_name="ConversationPage")
    class OutputSerializer(serializers.Serializer[Any]):
        conversations = ConversationSerializer(many=True)
        next = serializers.CharField(allow_null=True)

    @extend_schema(operation_id="list_conversations", parameters=[InputSerializer], responses=OutputSerializer)
    def get(self, request: Request) -> Response:
        organisation_id = account_policies.access_by_key(request.auth, Scope.CONVERSATIONS_READ)
        query = self.InputSerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        wanted = query.validated_data
        with tenancy.scope(organisation_id):
            page = selectors.list_conversations(
                statuses=(Status(wanted["status"]),) if "status" in wanted else (),
                before=_read_cursor(wanted["cursor"]) if "cursor" in wanted else None,
                limit=wanted["limit"],
            )
        found = {"conversations": page.conversations, "next": None if page.next is None else _write_cursor(page.next)}
        return Response(self.OutputSerializer(found).data)


class MessageListApi(APIView):
    """The messages of one conversation after a known ``seq``. Scope ``conversations:read``."""

    class InputSerializer(serializers.Serializer[Any]):
        after = serializers.IntegerField(min_value=0, default=0)

    @extend_schema_serializer(component_name="MessagePage")
    class OutputSerializer(serializers.Serializer[Any]):
        messages = serializers.ListField(child=serializers.DictField(), max_length=MISSED_LIMIT)
        more = serializers.BooleanField()
        last_seq = serializers.IntegerField()

    @extend_schema(operation_id="list_messages", parameters=[InputSerializer], responses=OutputSerializer)
    def get(self, request: Request, conversation_id: UUID) -> Response:
        organisation_id = account_policies.access_by_key(request.auth, Scope.CONVERSATIONS_READ)
        query = self.InputSerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        with tenancy.scope(organisation_id):
            conversation = selectors.get_conversation(conversation_id)
            updates = selectors.list_updates(conversation, after_seq=query.validated_data["after"])
        return Response(
            {
                "messages": [frame.message.model_dump(mode="json") for frame in updates.events],
                "more": updates.more,
                "last_seq": updates.last_seq,
            }
        )


def _write_cursor(cursor: selectors.Cursor) -> str:
    return base64.urlsafe_b64encode(json.dumps([cursor.last_message_at.isoformat(), str(cursor.id)]).encode()).decode()


def _read_cursor(text: str) -> selectors.Cursor:
    try:
        written_at, written_id = json.loads(base64.urlsafe_b64decode(text.encode()))
        at, conversation_id = datetime.fromisoformat(written_at), UUID(written_id)
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise CursorUnreadable from None
    if at.tzinfo is None:
        raise CursorUnreadable("This cursor has a time without a time zone. Send back the one you were given.")
    return selectors.Cursor(at, conversation_id)
