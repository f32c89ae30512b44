"""Registration of the customers app."""

from django.apps import AppConfig

from apps.customers import datamap


class CustomersConfig(AppConfig):
    name = "apps.customers"
    label = "customers"
    verbose_name = "Customers"
    data_map = datamap.MAP
