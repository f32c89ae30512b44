"""Addresses of the desk."""

from django.urls import path

from apps.desk.views import conversations, customers

app_name = "desk"
urlpatterns = [
    path("", conversations.desk_page, name="home"),
    path("list/", conversations.list_rows, name="list"),
    path("counts/", conversations.show_counts, name="counts"),
    path("search/", conversations.search, name="search"),
    path("c/<uuid:conversation_id>/", conversations.conversation_page, name="conversation"),
    path("c/<uuid:conversation_id>/state/", conversations.conversation_state, name="state"),
    path("c/<uuid:conversation_id>/messages/", conversations.list_messages, name="messages"),
    path("c/<uuid:conversation_id>/read/", conversations.mark_read, name="read"),
    path("c/<uuid:conversation_id>/reply/", conversations.reply, name="reply"),
    path("c/<uuid:conversation_id>/take/", conversations.take, name="take"),
    path("c/<uuid:conversation_id>/return/", conversations.return_to_ai, name="return"),
    path("c/<uuid:conversation_id>/close/", conversations.close, name="close"),
    path("c/<uuid:conversation_id>/reopen/", conversations.reopen, name="reopen"),
    path("customers/<uuid:customer_id>/", customers.customer_page, name="customer"),
    path("customers/<uuid:customer_id>/state/", customers.customer_state, name="customer-state"),
    path("customers/<uuid:customer_id>/timeline/", customers.list_timeline, name="customer-timeline"),
    path("customers/<uuid:customer_id>/entry/", customers.show_entry, name="customer-entry"),
    path("customers/<uuid:customer_id>/enter/", customers.enter, name="enter-claim"),
    path("customers/<uuid:customer_id>/withdraw/", customers.withdraw, name="withdraw-claim"),
    path("customers/<uuid:customer_id>/find/", customers.find, name="find-customers"),
    path("customers/<uuid:customer_id>/join/", customers.choose, name="join-customer"),
    path("customers/<uuid:customer_id>/compare/<uuid:other_id>/", customers.compare, name="compare-customers"),
    path("customers/<uuid:customer_id>/join/<uuid:other_id>/", customers.join, name="join-customers"),
    path("customers/<uuid:customer_id>/merges/<uuid:merge_id>/", customers.show_merge, name="merge"),
    path("customers/<uuid:customer_id>/merges/<uuid:merge_id>/undo/", customers.undo, name="undo-merge"),
    path("customers/suggestions/<uuid:suggestion_id>/accept/", customers.accept, name="accept-suggestion"),
    path("customers/suggestions/<uuid:suggestion_id>/dismiss/", customers.dismiss, name="dismiss-suggestion"),
]
