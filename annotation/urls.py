"""Addresses of the rating, campaign and consistency pages."""

from __future__ import annotations

from django.urls import path

from annotation.views import campaigns, consistency, questions, rating

app_name = "annotation"
urlpatterns = [
    path("rate/", rating.campaign_list, name="campaigns"),
    path("rate/<uuid:campaign_id>/", rating.rate, name="rate"),
    path("rate/<uuid:campaign_id>/plain/", rating.rate_plain, name="rate_plain"),
    path("campaigns/new/", campaigns.campaign_new, name="campaign_new"),
    path("campaigns/<uuid:campaign_id>/", campaigns.campaign_detail, name="campaign"),
    path("campaigns/<uuid:campaign_id>/state", campaigns.campaign_state, name="campaign_state"),
    path("campaigns/<uuid:campaign_id>/questions/", questions.question_list, name="questions"),
    path("questions/<uuid:question_id>/", questions.question_detail, name="question"),
    path("consistency/", consistency.run_list, name="consistency"),
    path("consistency/<uuid:campaign_id>/", consistency.report, name="consistency_campaign"),
    path("consistency/<uuid:campaign_id>/aggregate", consistency.aggregate, name="aggregate"),
    path("consistency/<uuid:campaign_id>/people.csv", consistency.people_csv, name="people_csv"),
    path("consistency/<uuid:campaign_id>/classes.csv", consistency.classes_csv, name="classes_csv"),
]
