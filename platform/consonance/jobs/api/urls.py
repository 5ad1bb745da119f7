"""Addresses of the jobs API."""

from django.urls import path

from consonance.jobs.api import views

urlpatterns = [
    path("jobs", views.JobListView.as_view(), name="jobs"),
    path("jobs/<uuid:pk>", views.JobView.as_view(), name="job"),
    path("jobs/<uuid:pk>/cancel", views.JobCancelView.as_view(), name="job_cancel"),
]
