"""Addresses of health, metrics and the first pages."""

from django.urls import path

from apps.ops import views

app_name = "ops"
urlpatterns = [
    path("", views.start, name="start"),
    path("shop/", views.shop, name="shop"),
    path("health/live", views.live, name="live"),
    path("health/ready", views.ready, name="ready"),
    path("metrics", views.metrics, name="metrics"),
    path("robots.txt", views.robots, name="robots"),
]
