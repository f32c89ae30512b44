"""What is a small app with a whole data map? Real models in a registry of their own, to break one thing at a time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from django.apps import AppConfig
from django.apps.registry import Apps
from django.core.checks import CheckMessage
from django.db import models
from django.test.utils import isolate_apps

from apps.core.datamap import (
    Category,
    DataMap,
    Erase,
    Field,
    IsSubject,
    Plain,
    Protection,
    Purpose,
    Retention,
    Store,
    Table,
    Via,
)
from apps.privacy import checks

PERSON = Table(
    "scratch.Person",
    "Somebody whom the scratch app has met.",
    Purpose.SERVICE,
    IsSubject(),
    Retention.SUBJECT,
    erase=Erase.DELETE_ROW,
    technical=("id",),
)
NOTE = Table(
    "scratch.Note",
    "Something that was said about somebody.",
    Purpose.SERVICE,
    Via("person"),
    Retention.SUBJECT,
    erase=Erase.DELETE_ROW,
    technical=("id", "person"),
    activity=("at",),
    machine_words={"tone": "In which tone the scratch app has heard it."},
    fields={
        "text": Field(Category.CONTENT, "The words that were said aloud.", Protection.REDACTED),
        "mail": Field(
            Category.CONTACT, "Where to send the note.", Plain("Scratch rows live for one test and meet nobody.")
        ),
        "digest": Field(Category.IDENTITY, "A keyed hash of the address.", Protection.BLIND_INDEX),
    },
)


def define_models() -> None:
    """Define the scratch app's two models."""

    class Person(models.Model):
        class Meta:
            app_label = "scratch"

        def __str__(self) -> str:
            return "somebody"

    class Note(models.Model):
        person = models.ForeignKey("scratch.Person", on_delete=models.CASCADE, related_name="+")
        text = models.TextField()
        mail = models.EmailField()
        digest = models.BinaryField()
        tone = models.CharField(max_length=8)
        at = models.DateTimeField()

        class Meta:
            app_label = "scratch"

        def __str__(self) -> str:
            return "something"


class ScratchConfig(AppConfig):
    """Registers the scratch app with the map it is given."""

    name = "scratch"
    path = str(Path(__file__).parent)

    def __init__(self, data_map: DataMap | None, label: str = "scratch") -> None:
        self.label = label
        super().__init__(label, ModuleType(label))
        if data_map is not None:
            self.data_map = data_map


@contextmanager
def registry(
    data_map: DataMap | None, *more: Callable[[], object], others: tuple[AppConfig, ...] = ()
) -> Iterator[Apps]:
    """Give a registry with the scratch app, the models of ``more``, and other apps."""
    with isolate_apps(ScratchConfig(data_map), *others) as apps:
        assert apps is not None
        define_models()
        for define in more:
            define()
        yield apps


def find(
    *tables: Table, stores: tuple[Store, ...] = (), more: tuple[Callable[[], object], ...] = ()
) -> list[CheckMessage]:
    """Return the faults of the scratch app; tables replace those of the same model."""
    by_model = {table.model: table for table in (PERSON, NOTE, *tables)}
    with registry(DataMap(tables=tuple(by_model.values()), stores=stores), *more) as apps:
        return checks.find_faults(apps)


def tell(faults: list[CheckMessage]) -> list[str]:
    """Return what the faults say."""
    return [fault.msg for fault in faults]
