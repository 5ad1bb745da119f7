"""Addresses of the taxonomies' pages."""

from django.urls import path

from consonance.catalog.taxonomy_pages import editing, reading

app_name = "taxonomies"
urlpatterns = [
    path("", reading.taxonomy_list, name="list"),
    path("new/", editing.taxonomy_new, name="new"),
    path("import/", editing.taxonomy_import, name="import"),
    path("compare/", reading.taxonomy_compare, name="compare"),
    path("<uuid:taxonomy_id>/", reading.taxonomy_detail, name="detail"),
    path("<uuid:taxonomy_id>/file.json", reading.taxonomy_file, name="file"),
    path("<uuid:taxonomy_id>/edit/", editing.taxonomy_edit, name="edit"),
    path("<uuid:taxonomy_id>/version/", editing.taxonomy_version, name="version"),
    path("<uuid:taxonomy_id>/publish/", editing.taxonomy_publish, name="publish"),
    path("<uuid:taxonomy_id>/delete/", editing.taxonomy_delete, name="delete"),
    path("<uuid:taxonomy_id>/classes/", editing.class_write, name="class_new"),
    path("<uuid:taxonomy_id>/classes/<slug:entry_name>/", editing.class_write, name="class"),
    path(
        "<uuid:taxonomy_id>/classes/<slug:entry_name>/remove/",
        editing.class_remove,
        name="class_remove",
    ),
]
