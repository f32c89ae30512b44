"""The suite's settings with that app installed."""

from config.settings import *  # noqa: F403  one file per subject, joined there
from config.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.privacy.undeclared"]
