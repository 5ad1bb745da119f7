"""Addresses of the catalogue's API."""

from django.urls import path

from consonance.catalog.api import taxonomies

urlpatterns = [
    path("taxonomies", taxonomies.TaxonomyListView.as_view(), name="taxonomies"),
    path("taxonomies/<uuid:taxonomy_id>", taxonomies.TaxonomyView.as_view(), name="taxonomy"),
    path(
        "taxonomies/<uuid:taxonomy_id>/publish",
        taxonomies.TaxonomyPublishView.as_view(),
        name="taxonomy_publish",
    ),
]
