"""Addresses of the collections' pages."""

from django.urls import path

from consonance.catalog import views, withdrawal_views

app_name = "catalog"
urlpatterns = [
    path("", views.collection_list, name="collections"),
    path("<slug:slug>/", views.collection_detail, name="collection"),
    path("<slug:slug>/tracks/<int:track_no>/", views.track_detail, name="track"),
    path(
        "<slug:slug>/clips/<uuid:clip_id>/withdrawal/",
        withdrawal_views.withdrawal,
        name="withdrawal",
    ),
]
