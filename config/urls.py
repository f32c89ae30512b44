"""Where is everything? Each app's addresses, and what Django and libraries bring."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

# One sign-in for desk and admin, with one set of rate limits.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("", include("apps.ops.urls")),
    path("", include("apps.inboxes.urls")),
    path("", include("apps.conversations.urls")),
    path("desk/", include("apps.desk.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("admin/", include("apps.privacy.urls")),
    path("admin/", admin.site.urls),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="api-docs"),
]
