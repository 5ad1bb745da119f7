"""Addresses of the rounds pages."""

from django.urls import path

from candidates import views

app_name = "candidates"
urlpatterns = [
    path("", views.round_list, name="rounds"),
    path("draw/", views.round_draw, name="draw"),
    path("<uuid:round_id>/", views.round_detail, name="round"),
    path("<uuid:round_id>/review/", views.round_review, name="review"),
]
