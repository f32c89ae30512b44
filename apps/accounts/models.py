"""Who is here? Organisations, the people who work for them, and the programs that act for them."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower, Now

from apps.accounts.types import BusinessCalendar, Role, Scope
from apps.core.ids import uuid7
from apps.core.models import TenantModel


class Organisation(models.Model):
    """A tenant. Everything else belongs to exactly one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    assistant_name = models.CharField(max_length=60, default="Assistant")
    greeting = models.CharField(max_length=300, blank=True, default="")
    brand_colour = models.CharField(max_length=7, default="#1f6f5c")
    locale = models.CharField(max_length=16, default="en")
    calendar_hours = models.JSONField(default=dict, blank=True)
    # Products, streets and whatever else customers name and nobody is; redaction leaves these alone.
    own_words = models.TextField(
        blank=True,
        default="",
        max_length=40_000,
        help_text="What redaction must never take for a person: products, ranges, your own streets. One a line.",
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = models.Manager()

    def __str__(self) -> str:
        return self.name

    def list_own_words(self) -> tuple[str, ...]:
        """Return what the organisation calls its own, name by name."""
        return tuple(filter(None, (line.strip() for line in self.own_words.splitlines())))

    @property
    def calendar(self) -> BusinessCalendar:
        """The opening hours; an empty calendar when none are set."""
        return BusinessCalendar.model_validate(self.calendar_hours)


class UserManager(BaseUserManager["User"]):
    """Creates users by e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.full_clean()
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in. What they may do follows from their memberships."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_any_case")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name.split(" ")[0]


class Membership(TenantModel):
    """A user's place in one organisation."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=16, choices=[(role.value, role.value) for role in Role])
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["organisation", "user"], name="membership_once"),
            models.CheckConstraint(
                condition=models.Q(role__in=[role.value for role in Role]), name="membership_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} as {self.role}"


class ApiKey(TenantModel):
    """A program's credential. Only a hash of the secret is kept; its 256 random bits need no salt."""

    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16, unique=True)
    secret_hash = models.BinaryField(max_length=32)
    scopes = ArrayField(models.CharField(max_length=40, choices=[(scope.value, scope.value) for scope in Scope]))
    created_by = models.ForeignKey(
        "accounts.Membership", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
