"""Addresses of the desk."""

from django.urls import path

from apps.desk import views

app_name = "desk"
urlpatterns = [
    path("", views.desk_page, name="home"),
    path("list/", views.list_rows, name="list"),
    path("counts/", views.show_counts, name="counts"),
    path("search/", views.search, name="search"),
    path("c/<uuid:conversation_id>/", views.conversation_page, name="conversation"),
    path("c/<uuid:conversation_id>/state/", views.conversation_state, name="state"),
    path("c/<uuid:conversation_id>/messages/", views.list_messages, name="messages"),
    path("c/<uuid:conversation_id>/read/", views.mark_read, name="read"),
    path("c/<uuid:conversation_id>/reply/", views.reply, name="reply"),
    path("c/<uuid:conversation_id>/take/", views.take, name="take"),
    path("c/<uuid:conversation_id>/return/", views.return_to_ai, name="return"),
    path("c/<uuid:conversation_id>/close/", views.close, name="close"),
    path("c/<uuid:conversation_id>/reopen/", views.reopen, name="reopen"),
]
