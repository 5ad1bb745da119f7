"""Addresses of the releases API."""

from django.urls import path

from splits.api import deposits, duplicates, reports, views

_RELEASE = "releases/<slug:name>/<str:version>"
urlpatterns = [
    path("releases", views.ReleaseListView.as_view(), name="releases"),
    path(_RELEASE, views.ReleaseView.as_view(), name="release"),
    path(f"{_RELEASE}/files", views.FileListView.as_view(), name="release_files"),
    path(f"{_RELEASE}/files/<path:path>", views.FileView.as_view(), name="release_file"),
    path(f"{_RELEASE}/download", views.DownloadView.as_view(), name="release_download"),
    path(f"{_RELEASE}/downloads", views.CountsView.as_view(), name="release_counts"),
    path(f"{_RELEASE}/clips", views.ClipListView.as_view(), name="release_clips"),
    path(f"{_RELEASE}/clips/<str:key>", views.ClipView.as_view(), name="release_clip"),
    path(f"{_RELEASE}/clips/<str:key>/reports", reports.ReportView.as_view(), name="report"),
    path(f"{_RELEASE}/reports", reports.ReportListView.as_view(), name="release_reports"),
    path(f"{_RELEASE}/doi", deposits.DoiView.as_view(), name="release_doi"),
    path(f"{_RELEASE}/deposits", deposits.DepositsView.as_view(), name="release_deposits"),
    path(
        "collections/<slug:slug>/duplicates", duplicates.SearchesView.as_view(), name="duplicates"
    ),
    path("duplicates/<uuid:scan_id>", duplicates.ScanView.as_view(), name="duplicate_scan"),
    path("duplicates/<uuid:scan_id>/pairs", duplicates.PairsView.as_view(), name="duplicate_pairs"),
    path(
        "duplicates/<uuid:scan_id>/pairs/<int:pair_id>/verdict",
        duplicates.VerdictView.as_view(),
        name="duplicate_verdict",
    ),
    path("reports", reports.QueueView.as_view(), name="reports"),
    path("reports/decide", reports.DecideView.as_view(), name="decide_reports"),
]
