"""Which failures does the launcher name? Each message is one line that says what to do."""


class LauncherError(Exception):
    """An anticipated failure; `str(error)` is one line for the terminal."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class PortTaken(LauncherError):
    """Another program listens on the wanted address."""


class AlreadyUp(LauncherError):
    """A supervisor of this checkout is running."""


class StaleProcess(LauncherError):
    """A process left over from an earlier start holds the data and could not be stopped."""


class DataUnusable(LauncherError):
    """The data folder belongs to somebody else, to another version, or lost its passwords."""


class ServiceFailed(LauncherError):
    """PostgreSQL or Valkey did not come up."""


class WheelMissing(LauncherError):
    """The installed packages hold no server binary for this platform."""


class StepFailed(LauncherError):
    """A preparation step (migrations, encoder, demo data) ended with an error."""


class NotReady(LauncherError):
    """The suite started but did not become ready in time."""


class BadSetting(LauncherError):
    """An environment variable or option has a value that cannot be used."""


class StillRunning(LauncherError):
    """The wanted action is refused while the suite runs."""
