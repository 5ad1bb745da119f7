"""What a release is made of, as a page for the screen and for paper."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from splits.models import Release
from splits.presenting.composition import page_of, report_of


@require_GET
def composition(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Show a release beside its archive and its candidates; open to everybody."""
    release = get_object_or_404(Release.objects.defer("manifest"), name=name, version=version)
    report = report_of(release)
    context = {
        "release": release,
        "composition": None if report is None else page_of(report),
        "crumbs": [
            {"label": "Releases", "url": reverse("splits:releases")},
            {"label": str(release), "url": release.get_absolute_url()},
        ],
    }
    return render(request, "splits/composition.html", context)
