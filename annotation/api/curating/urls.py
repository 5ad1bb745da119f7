"""Addresses of curators' endpoints."""

from __future__ import annotations

from django.urls import path

from annotation.api.curating import (
    campaigns,
    decisions,
    gold,
    guidelines,
    joining,
    people,
    questions,
    studies,
)

_CAMPAIGN = "campaigns/<uuid:campaign_id>"
urlpatterns = [
    path("campaigns", campaigns.CampaignsView.as_view(), name="campaigns"),
    path(_CAMPAIGN, campaigns.CampaignView.as_view(), name="campaign"),
    path(f"{_CAMPAIGN}/state", campaigns.CampaignStateView.as_view(), name="campaign_state"),
    path(f"{_CAMPAIGN}/extend", campaigns.CampaignExtendView.as_view(), name="campaign_extend"),
    path(f"{_CAMPAIGN}/clone", campaigns.CampaignCloneView.as_view(), name="campaign_clone"),
    path(f"{_CAMPAIGN}/pilot", campaigns.CampaignPilotView.as_view(), name="campaign_pilot"),
    path(f"{_CAMPAIGN}/guidelines", guidelines.GuidelinesView.as_view(), name="guidelines"),
    path(
        f"{_CAMPAIGN}/guidelines/<str:class_name>",
        guidelines.GuidelineView.as_view(),
        name="guideline",
    ),
    path(f"{_CAMPAIGN}/questions", questions.QuestionsView.as_view(), name="questions"),
    path("questions/<uuid:question_id>", questions.QuestionView.as_view(), name="question"),
    path(f"{_CAMPAIGN}/disputed", decisions.DisputedView.as_view(), name="disputed"),
    path(
        "questions/<uuid:question_id>/adjudicate",
        decisions.AdjudicateView.as_view(),
        name="adjudicate",
    ),
    path(
        "adjudications/<uuid:adjudication_id>/withdraw",
        decisions.WithdrawView.as_view(),
        name="withdraw_adjudication",
    ),
    path(f"{_CAMPAIGN}/flags", decisions.FlagsView.as_view(), name="flags"),
    path(f"{_CAMPAIGN}/flags/<uuid:clip_id>", decisions.FlagView.as_view(), name="resolve_flags"),
    path(f"{_CAMPAIGN}/gold", gold.GoldView.as_view(), name="gold"),
    path(f"{_CAMPAIGN}/gold/plant", gold.PlantGoldView.as_view(), name="plant_gold"),
    path(f"{_CAMPAIGN}/gold/promote", gold.PromoteGoldView.as_view(), name="promote_gold"),
    path("gold/<uuid:gold_id>/retire", gold.RetireGoldView.as_view(), name="retire_gold"),
    path(f"{_CAMPAIGN}/measures", people.MeasuresView.as_view(), name="measures"),
    path(
        f"{_CAMPAIGN}/measures/<uuid:measure_id>/lift",
        people.LiftMeasureView.as_view(),
        name="lift_measure",
    ),
    path(f"{_CAMPAIGN}/messages", people.MessagesView.as_view(), name="messages"),
    path(f"{_CAMPAIGN}/messages/read", people.MessagesReadView.as_view(), name="read_messages"),
    path(f"{_CAMPAIGN}/join", joining.JoinView.as_view(), name="join"),
    path(f"{_CAMPAIGN}/invitations", joining.InvitationsView.as_view(), name="invitations"),
    path(
        f"{_CAMPAIGN}/invitations/<uuid:invitation_id>/revoke",
        joining.RevokeInvitationView.as_view(),
        name="revoke_invitation",
    ),
    path(f"{_CAMPAIGN}/studies", studies.StudiesView.as_view(), name="studies"),
    path("studies/<uuid:study_id>", studies.StudyView.as_view(), name="study"),
    path("studies/<uuid:study_id>/state", studies.StudyStateView.as_view(), name="study_state"),
    path("studies/<uuid:study_id>/reward", studies.StudyRewardView.as_view(), name="study_reward"),
    path(
        "studies/<uuid:study_id>/participants",
        studies.ParticipantsView.as_view(),
        name="participants",
    ),
    path(
        "studies/<uuid:study_id>/participants/<uuid:participant_id>/end",
        studies.EndParticipantView.as_view(),
        name="end_participant",
    ),
]
