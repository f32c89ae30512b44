"""What does an officer look at? The records of processing, as the running program knows them."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.core import clock
from apps.privacy.services import records


@require_GET
def show_records(request: HttpRequest) -> HttpResponse:
    """Show the records of processing with their version and today's date."""
    return render(
        request,
        "privacy/records.html",
        {
            **admin.site.each_context(request),
            "title": "Records of processing",
            "records": records.compile_records(),
            "date": clock.now().date(),
        },
    )
