"""What may a browser ask of the desk? Parsed once, here."""

from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict

from apps.conversations.types import TimelineCursor
from apps.core import errors
from apps.customers.services import canonical
from apps.customers.types import CanonicalIdentity, IdentityKind, Level
from apps.desk.selectors.conversations import PAGE_SIZE
from apps.desk.types import ListCursor, View

# A window that comes back after a gap asks for all the rows it had at once.
LIMIT_MAX = 500


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
        found = _read_cursor(self.cleaned_data["cursor"])
        return None if found is None else ListCursor(*found)


class MessagesForm(_Checked):
    """Messages before or after one that the window has."""

    before = forms.IntegerField(min_value=1, required=False)
    after = forms.IntegerField(min_value=0, required=False)


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


# Customers --------------------------------------------------------------------------------------------------

# What agents may enter about a customer: kinds of identities, and facts.
ENTRIES = (*IdentityKind, "name")
ENTRY_LENGTH = 1000
# Long enough for any e-mail address.
SEARCH_LENGTH = 320


class TimelineForm(_Checked):
    """Which page of a timeline."""

    cursor = forms.CharField(max_length=80, required=False)

    def clean_cursor(self) -> TimelineCursor | None:
        found = _read_cursor(self.cleaned_data["cursor"])
        return None if found is None else TimelineCursor(*found)


class SearchForm(_Checked):
    """What an agent knows: words of a title, a reference, a name, or an identity in full."""

    q = forms.CharField(max_length=SEARCH_LENGTH, required=False)

    @property
    def identities(self) -> tuple[CanonicalIdentity, ...]:
        """What the text may be, read as each kind of identity."""
        found = []
        for kind in IdentityKind:
            with suppress(errors.Invalid):
                found.append(canonical.make_identity(kind, self.cleaned_data["q"], Level.CLAIMED))
        return tuple(found)


class EntryForm(_Checked):
    """An identity or a name that an agent enters; ``identities`` and ``facts`` are in canonical form."""

    kind = forms.ChoiceField(choices=[(str(one), str(one)) for one in ENTRIES])
    value = forms.CharField(max_length=ENTRY_LENGTH)

    @property
    def identities(self) -> tuple[CanonicalIdentity, ...]:
        """The identity, if it is one. Raises ``IdentityUnreadable``."""
        kind, value = self.cleaned_data["kind"], self.cleaned_data["value"]
        return () if kind == "name" else (canonical.make_identity(IdentityKind(kind), value, Level.CLAIMED),)

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """The name, if it is one. Raises ``FactUnreadable``."""
        kind, value = self.cleaned_data["kind"], self.cleaned_data["value"]
        return (canonical.make_fact(kind, value),) if kind == "name" else ()


# Cursors ----------------------------------------------------------------------------------------------------


def write_cursor(cursor: ListCursor | TimelineCursor | None) -> str:
    """Return a cursor as the browser hands it back; empty for None."""
    if cursor is None:
        return ""
    return f"{cursor.at.isoformat()}_{cursor.id if isinstance(cursor, ListCursor) else cursor.message_id}"


def _read_cursor(given: str) -> tuple[datetime, UUID] | None:
    if not given:
        return None
    at, _, row_id = given.partition("_")
    try:
        moment, identity = datetime.fromisoformat(at), UUID(row_id)
    except ValueError:
        raise forms.ValidationError("This is not where a page of a list ends.") from None
    if moment.tzinfo is None:
        raise forms.ValidationError("This is not where a page of a list ends.")
    return moment, identity


def parse_view(given: QueryDict) -> View | None:
    """Return the list an address names, or None when it names none we know."""
    try:
        return View(given.get("view", ""))
    except ValueError:
        return None
