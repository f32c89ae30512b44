"""What does privacy itself store? Nothing: it reads, redacts, and hands back."""

from apps.core.datamap import DataMap

MAP = DataMap()
