"""How does a model keep something in the clear in memory and sealed where it is stored? Three fields.

A model with such fields has a primary key made before it is saved, an ``organisation_id``, and ``key_owner_id``, which
says under whose key its values are sealed. A value is opened when it is first read, in its organisation's scope;
outside of one, and in ``values()``, there are only ``Sealed`` values.
"""

import io
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from os import PathLike
from typing import TYPE_CHECKING, Any, NoReturn
from uuid import UUID, uuid4

from django.core import checks
from django.core.files import File
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models.fields.files import FieldFile
from django.db.models.query_utils import DeferredAttribute

from apps.core import tenancy
from apps.vault.errors import (
    CiphertextTampered,
    CiphertextUnknown,
    KeyNotInScope,
    SealedMisused,
    ValueNotText,
    ValueTooLong,
)
from apps.vault.types import (
    SEGMENT_BYTES,
    Key,
    Opened,
    Sealed,
    current_keyring,
    measure_stream,
    open_stream,
    read_key_id,
    read_stream_head,
    seal_stream,
)

if TYPE_CHECKING:
    _Field = models.Field[Any, Any]
    _File = File[bytes]
else:
    _Field, _File = models.Field, File

MOST_CHARACTERS = 1_000_000
MOST_JSON_BYTES = 4 * 1024 * 1024
# Every encrypted column of the suite, for reports.
COLUMNS: list["EncryptedField"] = []


def describe_place(field: _Field, row: Any) -> bytes:
    """Return what ties a ciphertext to one field of one row."""
    return f"{row._meta.db_table}|{field.column}|{row.pk}|{row.organisation_id}".encode()


def list_key_ids(row: models.Model) -> Iterator[UUID]:
    """Yield the ids of the keys that open what of this row is still sealed, as far as it names one."""
    for field in row._meta.concrete_fields:
        cell = row.__dict__.get(field.attname) if isinstance(field, EncryptedField) else None
        if isinstance(cell, Sealed):
            with suppress(CiphertextTampered, CiphertextUnknown):
                yield read_key_id(cell.ciphertext)


class _Opening(DeferredAttribute):
    """The attribute of an encrypted field: opens on first read, hides what was assigned."""

    field: "EncryptedField"

    def __get__(self, instance: Any, cls: type | None = None) -> Any:
        if instance is None:
            return self
        name = self.field.attname
        if name not in instance.__dict__:
            super().__get__(instance, cls)
        cell = instance.__dict__[name]
        if isinstance(cell, Sealed):
            if tenancy.find_current_organisation_id() is None:
                return cell
            cell = instance.__dict__[name] = Opened(self.field.open_value(instance, cell), cell)
        return cell.value if isinstance(cell, Opened) else cell

    def __set__(self, instance: Any, value: Any) -> None:
        if isinstance(value, Sealed):
            if value.row is not None and value.row != instance.pk:
                raise SealedMisused("A sealed value belongs to its row: assign the value in the clear.")
            value.row = instance.pk
        elif hasattr(value, "resolve_expression"):
            raise SealedMisused(f"{self.field.name} is encrypted: the database cannot compute it.")
        elif value is not None:
            value = Opened(value)
        instance.__dict__[self.field.attname] = value


class EncryptedField(_Field, ABC):
    """What text and JSON share. The column is ``bytea``; None stays NULL."""

    descriptor_class = _Opening
    # Whether an opened value may have been changed in place, so that saving must seal it again.
    is_mutable = False

    def __init__(self, *args: Any, plain_while: models.Q | None = None, **options: Any) -> None:
        """Take what any field takes. ``plain_while``: in which rows this still stands in another column, readable."""
        options.setdefault("editable", False)
        self.plain_while = plain_while
        super().__init__(*args, **options)

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        """Return a plain binary column: migrations know nothing of keys, and must not change with them."""
        name, _, args, options = super().deconstruct()
        for option in ("editable", "max_length"):
            options.pop(option, None)
        return name, "django.db.models.BinaryField", args, options

    def get_internal_type(self) -> str:
        return "BinaryField"

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:  # noqa: FBT001, FBT002  Django's signature
        super().contribute_to_class(cls, name, private_only)
        if not cls._meta.abstract:
            COLUMNS.append(self)

    def check(self, **options: Any) -> list[checks.CheckMessage]:
        return [*super().check(**options), *check_model(self)]

    # From and to the database ------------------------------------------------------------------------------

    def from_db_value(self, value: Any, _expression: object, _connection: object) -> Sealed | None:
        return None if value is None else Sealed(bytes(value))

    def pre_save(self, model_instance: Any, add: bool) -> Any:  # noqa: FBT001  Django's signature
        cell = model_instance.__dict__.get(self.attname)
        if isinstance(cell, Opened):
            if cell.sealed is None or self.is_mutable or cell.sealed.row != model_instance.pk:
                return Sealed(self.seal_value(model_instance, cell.value), model_instance.pk)
            cell = cell.sealed
        if isinstance(cell, Sealed) and cell.row != model_instance.pk:
            raise SealedMisused("A sealed value cannot be saved into another row: read it first.")
        return cell

    def get_prep_value(self, value: Any) -> Any:
        if value is None or isinstance(value, Sealed):
            return value
        raise SealedMisused(
            f"{self.name} is encrypted: assign it to an instance and save() that. It cannot be set by update() or"
            " bulk_update(), nor be searched; equality goes through a blind index."
        )

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:  # noqa: FBT001, FBT002  Django's signature
        value = value if prepared else self.get_prep_value(value)
        return None if value is None else connection.Database.Binary(value.ciphertext)

    def get_placeholder(self, value: Any, compiler: object, connection: Any) -> str:
        # update() and bulk_update() ask this also for expressions, whose result nobody would seal.
        if hasattr(value, "resolve_expression"):
            raise SealedMisused(f"{self.name} is encrypted: the database cannot compute it.")
        return str(connection.ops.binary_placeholder_sql(value))

    def get_lookup(self, lookup_name: str) -> Any:
        # Of `exact` Django makes IS NULL; any other value it compares is refused above.
        if lookup_name not in ("isnull", "exact"):
            raise SealedMisused(
                f"{self.name} is encrypted and cannot be searched; equality goes through a blind index."
            )
        return super().get_lookup(lookup_name)

    def value_to_string(self, obj: models.Model) -> NoReturn:
        raise SealedMisused(f"{self.name} is encrypted and cannot be dumped: back up the database instead.")

    # Sealing -----------------------------------------------------------------------------------------------

    def seal_value(self, row: Any, value: Any) -> bytes:
        """Return the ciphertext of a value of this row, under the row's key."""
        plain = self.encode(value)
        key = current_keyring().get_key(owner_id=row.key_owner_id)
        if key.organisation_id != row.organisation_id:
            raise KeyNotInScope
        return key.seal(plain, describe_place(self, row))

    def open_value(self, row: Any, sealed: Sealed) -> Any:
        """Return the value of this row in the clear. Raises the vault's errors."""
        key = current_keyring().open_key(read_key_id(sealed.ciphertext))
        return self.decode(key.open(sealed.ciphertext, describe_place(self, row)))

    @abstractmethod
    def encode(self, value: Any) -> bytes:
        """Return a value as bytes."""

    @abstractmethod
    def decode(self, plain: bytes) -> Any:
        """Return the value of these bytes."""


class EncryptedTextField(EncryptedField):
    """Text, of at most ``max_length`` characters."""

    _pyi_private_set_type: str
    _pyi_private_get_type: str

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._most = self.max_length or MOST_CHARACTERS
        self.validators.append(MaxLengthValidator(self._most))

    def encode(self, value: Any) -> bytes:
        if not isinstance(value, str):
            raise SealedMisused(f"{self.name} takes text, not {type(value).__name__}.")
        if len(value) > self._most:
            raise ValueTooLong(f"This text has {len(value)} characters; {self._most} are allowed.")
        try:
            return value.encode()
        except UnicodeEncodeError:
            # The original exception carries the text.
            raise ValueNotText from None

    def decode(self, plain: bytes) -> str:
        return plain.decode()


class EncryptedJSONField(EncryptedField):
    """Anything that JSON can say. Saving seals it anew, since it may have been changed in place."""

    is_mutable = True

    def encode(self, value: Any) -> bytes:
        try:
            plain = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        except UnicodeEncodeError:
            raise ValueNotText from None
        except (TypeError, ValueError) as error:
            raise SealedMisused(f"{self.name} takes what JSON can say: {type(error).__name__}.") from None
        if len(plain) > MOST_JSON_BYTES:
            raise ValueTooLong(f"This has {len(plain)} bytes; {MOST_JSON_BYTES} are allowed.")
        return plain

    def decode(self, plain: bytes) -> Any:
        return json.loads(plain)


class _SealingFile(_File):
    """Content whose chunks come out sealed; a storage that writes it holds a few segments in memory."""

    def __init__(self, content: _File, key: Key, place: bytes) -> None:
        super().__init__(None, name=content.name)
        self._content, self._key, self._place = content, key, place

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        return seal_stream(self._key, self._content.chunks(SEGMENT_BYTES), self._place)


class _OpenedContent(io.RawIOBase):
    """Content in the clear, read once from front to back."""

    def __init__(self, sealed: _File, segments: Iterator[bytes]) -> None:
        super().__init__()
        self._sealed, self._segments, self._rest = sealed, segments, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            segment = next(self._segments, None)
            if segment is None:
                return 0
            self._rest = segment
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size

    def close(self) -> None:
        self._sealed.close()
        super().close()


class EncryptedFieldFile(FieldFile):
    """The file of a row, read and saved in the clear, in constant memory. It has no address.

    A manipulation is found at the latest where the content ends: whoever passes chunks on must be ready for
    ``CiphertextTampered`` after the first of them.
    """

    if TYPE_CHECKING:  # what its stubs leave out
        instance: Any
        name: Any
        _committed: bool

        def _require_file(self) -> None: ...

    def save(self, name: str, content: _File, save: bool = True) -> None:  # noqa: FBT001, FBT002  Django's signature
        key = current_keyring().get_key(owner_id=self.instance.key_owner_id)
        if key.organisation_id != self.instance.organisation_id:
            raise KeyNotInScope
        super().save(name, _SealingFile(content, key, describe_place(self.field, self.instance)), save)

    def open(self, mode: str = "rb") -> "EncryptedFieldFile":  # type: ignore[override]  # as Django's own
        """Return the file, at its beginning. Raises the vault's errors."""
        if mode != "rb":
            raise SealedMisused("An encrypted file is read as a whole, or saved as a whole.")
        self.close()
        self._file = self._open_content()
        return self

    def _get_file(self) -> _File:
        if getattr(self, "_file", None) is None:
            self._file = self._open_content()
        return self._file

    def _set_file(self, content: _File) -> None:
        self._file = content

    def _del_file(self) -> None:
        del self._file

    file = property(_get_file, _set_file, _del_file)

    def _open_content(self) -> _File:
        self._require_file()
        sealed = self.storage.open(self.name, "rb")
        try:
            key_id, head = read_stream_head(sealed.read)
            key = current_keyring().open_key(key_id)
        except BaseException:
            sealed.close()
            raise
        segments = open_stream(key, head, sealed.read, describe_place(self.field, self.instance))
        return File(io.BufferedReader(_OpenedContent(sealed, segments), SEGMENT_BYTES), self.name)

    @property
    def size(self) -> int:
        """The length of the content in the clear."""
        self._require_file()
        return measure_stream(self.storage.size(self.name)) if self._committed else int(self.file.size)

    @property
    def url(self) -> NoReturn:
        raise SealedMisused("An encrypted file has no address: a view opens it for those who may.")


class EncryptedFileField(models.FileField):
    """A file whose content is sealed in the storage, under a random name. The column holds that name alone."""

    attr_class = EncryptedFieldFile

    def __init__(self, *args: Any, **options: Any) -> None:
        options.setdefault("editable", False)
        super().__init__(*args, **options)

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        name, _, args, options = super().deconstruct()
        options.pop("editable", None)
        return name, "django.db.models.FileField", args, options

    def generate_filename(self, instance: Any, filename: "str | PathLike[str]") -> str:
        """Return a new random name: the given one may be personal, so keep it in an encrypted field if needed."""
        return super().generate_filename(instance, f"{uuid4().hex}.sealed")

    def check(self, **options: Any) -> list[checks.CheckMessage]:
        return [*super().check(**options), *check_model(self)]


def check_model(field: _Field) -> list[checks.CheckMessage]:
    """Return what a model with an encrypted field lacks."""
    model = field.model
    wants = (
        ("vault.E001", hasattr(model, "key_owner_id"), "define key_owner_id: under whose key is this sealed?"),
        ("vault.E002", hasattr(model, "organisation_id"), "belong to an organisation."),
        ("vault.E003", model._meta.pk.has_default(), "make its primary key before saving (a UUID with a default)."),
    )
    return [
        checks.Error(f"{model.__name__} has an encrypted field and must {text}", obj=field, id=code)
        for code, holds, text in wants
        if not holds
    ]
