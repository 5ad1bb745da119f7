"""Addresses of the rating loop, curators' endpoints, reports, runs, downloads and one's own."""

from __future__ import annotations

from django.urls import include, path

from annotation.api import consistency, headphones, own, participation, passing, quiz, runs, views

_REPORT = "campaigns/<uuid:campaign_id>/consistency/"
_QUIZ = "campaigns/<uuid:campaign_id>/quiz"
_HEADPHONES = "campaigns/<uuid:campaign_id>/headphones"
_RUNS = "campaigns/<uuid:campaign_id>/runs/"
urlpatterns = [
    path("questions/claim", views.ClaimView.as_view(), name="questions_claim"),
    path("questions/skip", passing.SkipView.as_view(), name="questions_skip"),
    path("questions/flag", passing.FlagView.as_view(), name="questions_flag"),
    path("ratings", views.RatingsView.as_view(), name="ratings"),
    path("ratings/undo", views.UndoView.as_view(), name="ratings_undo"),
    path("ratings/correct", views.CorrectView.as_view(), name="ratings_correct"),
    path(
        "campaigns/<uuid:campaign_id>/welcome/",
        views.WelcomeView.as_view(),
        name="campaign_welcome",
    ),
    path(_QUIZ, quiz.QuizView.as_view(), name="quiz"),
    path(f"{_QUIZ}/answers", quiz.QuizAnswersView.as_view(), name="quiz_answers"),
    path(_HEADPHONES, headphones.HeadphonesView.as_view(), name="headphones"),
    path(
        f"{_HEADPHONES}/answers",
        headphones.HeadphoneAnswersView.as_view(),
        name="headphones_answers",
    ),
    path(
        f"{_HEADPHONES}/sounds/<int:place>",
        headphones.HeadphoneSoundView.as_view(),
        name="headphones_sound",
    ),
    path("", include("annotation.api.curating.urls")),
    path("", include("annotation.api.exporting.urls")),
    path(
        "studies/<uuid:study_id>/participation",
        participation.ParticipationView.as_view(),
        name="participation",
    ),
    path("me", own.MeView.as_view(), name="me"),
    path("me/answers", own.OwnAnswersView.as_view(), name="me_answers"),
    path("me/export", own.OwnExportView.as_view(), name="me_export"),
    path(f"{_REPORT}", consistency.SummaryView.as_view(), name="report"),
    path(f"{_REPORT}classes/", consistency.ClassesView.as_view(), name="report_classes"),
    path(f"{_REPORT}people/", consistency.PeopleView.as_view(), name="report_people"),
    path(f"{_REPORT}people/<slug:rater>/", consistency.PersonView.as_view(), name="report_person"),
    path(f"{_REPORT}pairs/", consistency.PairsView.as_view(), name="report_pairs"),
    path(f"{_REPORT}clips/", consistency.ClipsView.as_view(), name="report_clips"),
    path(f"{_RUNS}", runs.RunsView.as_view(), name="runs"),
    path(f"{_RUNS}compare/", runs.CompareView.as_view(), name="runs_compare"),
    path(f"{_RUNS}<int:number>/", runs.RunView.as_view(), name="run"),
]
