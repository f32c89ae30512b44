"""What is a suite of the evaluation? A name, its arguments, and what runs it through the product's own services."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.management.base import CommandParser

# Numbers by name; a nested table has a row of numbers per name.
Metrics = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Suite:
    """One kind of evaluation. ``run`` gets the parsed options and returns the metrics."""

    name: str
    help: str
    add_arguments: Callable[[CommandParser], None]
    run: Callable[[dict[str, Any]], Metrics]
