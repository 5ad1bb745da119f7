"""Addresses of joining, studies and one's own work; part of this room's."""

from __future__ import annotations

from django.urls import path

from annotation.views import invitations, me, studies

urlpatterns = [
    path("campaigns/<uuid:campaign_id>/invitations/", invitations.invitations, name="invitations"),
    path(
        "campaigns/<uuid:campaign_id>/invitations/<uuid:invitation_id>/revoke/",
        invitations.revoke,
        name="revoke_invitation",
    ),
    path("campaigns/<uuid:campaign_id>/join/", invitations.join, name="join_campaign"),
    path("campaigns/<uuid:campaign_id>/studies/", studies.studies, name="studies"),
    path("studies/<uuid:study_id>/", studies.study, name="study"),
    path("studies/<uuid:study_id>/state/", studies.study_state, name="study_state"),
    path("studies/<uuid:study_id>/reward/", studies.study_reward, name="study_reward"),
    path(
        "studies/<uuid:study_id>/people/<uuid:participant_id>/end/",
        studies.end_person,
        name="end_person",
    ),
    path("studies/<uuid:study_id>/participants.csv", studies.study_csv, name="study_csv"),
    path("studies/<uuid:study_id>/end/", studies.study_end, name="study_end"),
    path("study/<str:link>/", studies.door, name="study_door"),
    path("me/", me.me, name="me"),
    path("me/answers/", me.answers, name="my_answers"),
    path("me/answers/<uuid:rating_id>/correct/", me.correct, name="correct_rating"),
]
