"""What may a browser ask of the desk? Parsed once, here."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict

from apps.core import errors
from apps.desk.selectors import PAGE_SIZE
from apps.desk.types import ListCursor, View

# A window that comes back after a gap asks for all the rows it had at once.
LIMIT_MAX = 500
SEARCH_LENGTH = 100


class _Checked(forms.Form):
    def parse(self) -> dict[str, Any]:
        """Return the cleaned values. Raises ``Invalid`` naming the first field that is wrong."""
        if not self.is_valid():
            field, problems = next(iter(self.errors.items()))
            raise errors.Invalid(f"{field}: {problems[0]}")
        return self.cleaned_data


class ListForm(_Checked):
    """Which page of which list."""

    view = forms.ChoiceField(choices=[(view.value, view.value) for view in View], required=False)
    cursor = forms.CharField(max_length=80, required=False)
    limit = forms.IntegerField(min_value=1, max_value=LIMIT_MAX, required=False)

    def clean_view(self) -> View:
        return View(self.cleaned_data["view"] or View.NEEDS_PERSON)

    def clean_limit(self) -> int:
        return int(self.cleaned_data["limit"] or PAGE_SIZE)

    def clean_cursor(self) -> ListCursor | None:
        given = self.cleaned_data["cursor"]
        if not given:
            return None
        at, _, row_id = given.partition("_")
        try:
            moment, identity = datetime.fromisoformat(at), UUID(row_id)
        except ValueError:
            raise forms.ValidationError("This is not where a page of a list ends.") from None
        if moment.tzinfo is None:
            raise forms.ValidationError("This is not where a page of a list ends.")
        return ListCursor(moment, identity)


class MessagesForm(_Checked):
    """Messages before or after one that the window has."""

    before = forms.IntegerField(min_value=1, required=False)
    after = forms.IntegerField(min_value=0, required=False)


class SearchForm(_Checked):
    """Words to look for."""

    q = forms.CharField(max_length=SEARCH_LENGTH, required=False)


class ActionForm(_Checked):
    """A change of hands; the version says which owner the agent saw."""

    expected_owner_version = forms.IntegerField(min_value=1)


class ReplyForm(ActionForm):
    """A reply. Length and content are judged by conversations."""

    client_id = forms.UUIDField()
    text = forms.CharField(strip=False, required=False)


class ReadForm(_Checked):
    """How far the window has shown the conversation."""

    seq = forms.IntegerField(min_value=0)


def write_cursor(cursor: ListCursor | None) -> str:
    """Return a cursor as the browser hands it back; empty for None."""
    return "" if cursor is None else f"{cursor.at.isoformat()}_{cursor.id}"


def parse_view(given: QueryDict) -> View | None:
    """Return the list an address names, or None when it names none we know."""
    try:
        return View(given.get("view", ""))
    except ValueError:
        return None
