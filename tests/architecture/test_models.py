"""Models hold data and constraints, and nothing happens behind the reader's back."""

import ast
import configparser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import models

from apps.core.models import TenantModel
from apps.core.tenancy import TenantManager
from tests.architecture import source

MODELS = source.list_models()
TENANT_MODELS = [model for model in MODELS if issubclass(model, TenantModel)]
# Everything else belongs to exactly one organisation.
WITHOUT_ORGANISATION = {
    "accounts.Organisation": "is the organisation",
    "accounts.User": "is a person, who may work for several; a Membership says for which",
    "vault.DataKey": "lies in another database; carries the organisation's id",
    "vault.RootKey": "belongs to the deployment",
    "core.Job": "is read across organisations by the workers; carries the id of the one it acts for",
}
RELATIONS = frozenset({"ForeignKey", "OneToOneField", "ManyToManyField"})
SIGNAL_MODULES = (
    "django.dispatch",
    "django.db.models.signals",
    "django.db.backends.signals",
    "django.core.signals",
    "django.contrib.auth.signals",
    "allauth.account.signals",
)
APPS = source.list_modules("apps")
# Works on the models of a migration's time, which have only names.
MIGRATION_OPERATIONS = source.ROOT / "apps" / "core" / "postgres" / "operations.py"
MODEL_FILES = [path for path in APPS if path.name == "models.py" or path.parent.name == "models"]


def _calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(source.parse(path)) if isinstance(node, ast.Call))


def _called_name(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


@dataclass(frozen=True)
class Relation:
    """A column that points to a model of ours."""

    model: type[models.Model]
    name: str
    target: type[models.Model]
    way_back: str | None

    def __str__(self) -> str:
        return f"{self.model._meta.label}.{self.name}"


def _relations() -> Iterator[Relation]:
    for model in MODELS:
        for field in (*model._meta.local_fields, *model._meta.local_many_to_many):
            relation = field.remote_field
            if relation is not None and relation.model in MODELS:
                yield Relation(model, field.name, relation.model, relation.related_name)


def _layers() -> dict[str, int]:
    contracts = configparser.ConfigParser()
    contracts.read(source.ROOT / ".importlinter")
    lines = contracts["importlinter:contract:apps"]["layers"].split("\n")
    return {name.strip(" ()"): -depth for depth, line in enumerate(lines) for name in line.split("|")}


# Tenants ---------------------------------------------------------------------------------------------------


def test_every_model_belongs_to_an_organisation_or_says_why_not() -> None:
    others = {model._meta.label for model in MODELS if model not in TENANT_MODELS}

    assert others == set(WITHOUT_ORGANISATION)


def test_only_tenant_models_point_to_an_organisation() -> None:
    pointing = {one.model for one in _relations() if one.target._meta.label == "accounts.Organisation"}

    assert pointing == set(TENANT_MODELS)


@pytest.mark.parametrize("model", TENANT_MODELS, ids=lambda model: model._meta.label)
def test_a_tenant_model_asks_for_the_scope_wherever_django_picks_the_manager(model: type[TenantModel]) -> None:
    assert isinstance(model._default_manager, TenantManager)
    assert model._default_manager.name == "objects"
    assert model._base_manager.name == "everywhere"
    assert type(model._base_manager) is models.Manager
    assert model._meta.get_field("organisation").null is False


# Relations -------------------------------------------------------------------------------------------------


def test_no_relation_between_apps_can_be_walked_backwards() -> None:
    walkable = [
        str(one)
        for one in _relations()
        if one.target._meta.app_label != one.model._meta.app_label and one.way_back != "+"
    ]

    assert walkable == []


def test_relations_name_their_target_as_text_and_hide_their_way_back() -> None:
    wrong = [
        f"{source.show(path)}:{call.lineno}"
        for path in MODEL_FILES
        for call in _calls(path)
        if _called_name(call) in RELATIONS
        if not _is_text_label(call) or not _is_hidden(call)
    ]

    assert wrong == []


def _is_text_label(call: ast.Call) -> bool:
    targets = [*call.args[:1], *(keyword.value for keyword in call.keywords if keyword.arg == "to")]
    return [isinstance(target, ast.Constant) and "." in str(target.value) for target in targets] == [True]


def _is_hidden(call: ast.Call) -> bool:
    names = [keyword.value for keyword in call.keywords if keyword.arg == "related_name"]
    return [isinstance(name, ast.Constant) and name.value == "+" for name in names] == [True]


def test_relations_point_downwards() -> None:
    layers = _layers()
    upwards = [
        str(one) for one in _relations() if layers[one.target._meta.app_label] > layers[one.model._meta.app_label]
    ]

    assert upwards == []


# Nothing implicit ------------------------------------------------------------------------------------------


def test_no_model_has_an_order_of_its_own() -> None:
    assert {model._meta.label: model._meta.ordering for model in MODELS if model._meta.ordering} == {}


def test_no_model_changes_what_saving_and_deleting_mean() -> None:
    methods = {"save", "asave", "delete", "adelete", "save_base", "full_clean", "__setattr__"}
    changed = [
        f"{source.show(path)}:{node.lineno} {node.name}"
        for path in MODEL_FILES
        for node in ast.walk(source.parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in methods
    ]

    assert changed == []


def test_no_app_uses_signals() -> None:
    used = [
        f"{source.show(path)}:{line} {name}"
        for path in APPS
        for line, name in source.list_imports(path)
        if name.startswith(SIGNAL_MODULES)
    ]

    assert used == []


def test_no_app_reaches_for_models_by_name() -> None:
    reached = [
        f"{source.show(path)}:{call.lineno}"
        for path in (*APPS, *source.list_modules("config", "worker"))
        if path.parent.name != "migrations" and path != MIGRATION_OPERATIONS
        for call in _calls(path)
        if _called_name(call) in {"get_model", "get_models", "model_class"}
    ]

    assert reached == []


def test_text_is_empty_or_there_but_never_null() -> None:
    nullable = [
        f"{model._meta.label}.{field.name}"
        for model in MODELS
        for field in model._meta.local_fields
        if isinstance(field, models.CharField | models.TextField) and field.null
    ]

    assert nullable == []


def test_every_model_says_what_it_is() -> None:
    # Django writes a docstring of its own into a class that has none.
    silent = [model._meta.label for model in MODELS if (model.__doc__ or "").startswith(f"{model.__name__}(")]

    assert silent == []
