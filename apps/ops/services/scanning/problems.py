"""Which failures of a scan are anticipated? None of them means that nothing was found."""

from apps.core import errors


class CanariesUnusable(errors.Invalid):
    """The list of canaries is missing, damaged, or holds values too short to be told from chance."""

    code = "scan.canaries_unusable"
    default_message = "The list of canaries cannot be used."


class ScanUnderWay(errors.Conflict):
    """Two scans at once would remove each other's controls."""

    code = "scan.under_way"
    default_message = "Another scan is running. Wait until it has ended."


class StoreUnreadable(errors.Unavailable):
    """A store, or something in it, could not be read to its end."""

    code = "scan.store_unreadable"
    default_message = "A store could not be read."
