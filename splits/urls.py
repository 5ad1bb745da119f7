"""Addresses of the release pages."""

from django.urls import path
from django.views.decorators.http import require_safe

from splits.feeds import ReleasesFeed, VersionsFeed
from splits.views import (
    building,
    clips,
    composition,
    deposits,
    downloads,
    duplicates,
    releases,
    reports,
)

app_name = "splits"
urlpatterns = [
    path("", releases.release_list, name="releases"),
    path("build/", building.release_build, name="build"),
    path("feed.atom", require_safe(ReleasesFeed()), name="feed"),
    path("reports/", reports.report_queue, name="report_queue"),
    path("reports/decide/", reports.decide, name="decide_reports"),
    path("duplicates/", duplicates.scans, name="duplicates"),
    path("duplicates/<uuid:scan_id>/", duplicates.pairs, name="duplicate_pairs"),
    path("duplicates/<uuid:scan_id>/review/", duplicates.review, name="duplicate_review"),
    path(
        "duplicates/<uuid:scan_id>/pairs/<int:pair_id>/verdict/",
        duplicates.decide,
        name="decide_pair",
    ),
    path("<slug:name>/", releases.release_newest, name="newest"),
    path("<slug:name>/feed.atom", require_safe(VersionsFeed()), name="versions_feed"),
    path("<slug:name>/<str:version>/", releases.release_detail, name="release"),
    path("<slug:name>/<str:version>/reports/", releases.release_reports, name="reports"),
    path("<slug:name>/<str:version>/composition/", composition.composition, name="composition"),
    path("<slug:name>/<str:version>/clips/<str:key>/", clips.clip_page, name="clip"),
    path("<slug:name>/<str:version>/clips/<str:key>/report/", clips.report, name="report"),
    path("<slug:name>/<str:version>/deposits/", deposits.deposits, name="deposits"),
    path("<slug:name>/<str:version>/doi/", deposits.set_doi, name="set_doi"),
    path("<slug:name>/<str:version>/deposit/", deposits.deposit, name="deposit"),
    path("<slug:name>/<str:version>/download", downloads.release_download, name="download"),
    path("<slug:name>/<str:version>/files/<path:path>", downloads.release_file, name="file"),
    path("<slug:name>/<str:version>/manifest.json", downloads.release_manifest, name="manifest"),
]
