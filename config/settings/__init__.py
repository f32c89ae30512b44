"""Which settings apply? One file per subject, then the overrides of the environment."""

from config.settings.ai import *
from config.settings.base import *
from config.settings.base import ENVIRONMENT
from config.settings.celery import *
from config.settings.channels import *
from config.settings.logging import *
from config.settings.security import *
from config.settings.vault import *

if ENVIRONMENT == "production":
    from config.settings.production import *
elif ENVIRONMENT == "test":
    from config.settings.test import *
else:
    from config.settings.dev import *
