"""Addresses of privacy within the admin, for whoever may enter that."""

from django.contrib import admin
from django.urls import path

from apps.privacy import views

app_name = "privacy"
urlpatterns = [
    path("records/", admin.site.admin_view(views.show_records), name="records"),
]
