"""What does the audit app store? Nothing yet: it proves and verifies."""

from apps.core.datamap import DataMap

MAP = DataMap()
