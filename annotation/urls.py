"""Addresses of the rating, campaign and consistency pages."""

from __future__ import annotations

from django.urls import path

from annotation.people.urls import urlpatterns as people_urls
from annotation.views import (
    adjudication,
    campaign_manage,
    campaign_settings,
    campaigns,
    flags,
    gold,
    label,
    messages,
    preview,
    questions,
    quiz,
    rating,
    rating_plain,
    welcome,
)
from annotation.views.consistency import (
    classes,
    clips,
    compare,
    csv,
    measures,
    overview,
    pairs,
    people,
    person,
    ratings,
    refresh,
    runs,
)

app_name = "annotation"
urlpatterns = [
    *people_urls,
    path("rate/", rating.campaign_list, name="campaigns"),
    path("rate/<uuid:campaign_id>/", rating.rate, name="rate"),
    path("rate/<uuid:campaign_id>/plain/", rating_plain.rate_plain, name="rate_plain"),
    path("rate/<uuid:campaign_id>/end/", rating.end, name="rate_end"),
    path("rate/<uuid:campaign_id>/welcome/", welcome.welcome, name="welcome"),
    path("rate/<uuid:campaign_id>/welcome/sound/", welcome.check_sound, name="check_sound"),
    path("rate/<uuid:campaign_id>/headphones/", welcome.headphones, name="headphones"),
    path(
        "rate/<uuid:campaign_id>/headphones/sound/",
        welcome.headphone_sound,
        name="headphone_sound",
    ),
    path("campaigns/new/", campaigns.campaign_new, name="campaign_new"),
    path("campaigns/new/estimate/", campaigns.campaign_estimate, name="campaign_estimate"),
    path("campaigns/<uuid:campaign_id>/", campaigns.campaign_detail, name="campaign"),
    path("campaigns/<uuid:campaign_id>/state", campaigns.campaign_state, name="campaign_state"),
    path(
        "campaigns/<uuid:campaign_id>/settings/",
        campaign_settings.settings,
        name="campaign_settings",
    ),
    path(
        "campaigns/<uuid:campaign_id>/guidelines/",
        campaign_settings.guidelines,
        name="campaign_guidelines",
    ),
    path(
        "campaigns/<uuid:campaign_id>/guidelines/<str:class_name>/",
        campaign_settings.guideline,
        name="guideline",
    ),
    path("campaigns/<uuid:campaign_id>/manage/", campaign_manage.manage, name="campaign_manage"),
    path("campaigns/<uuid:campaign_id>/extend/", campaign_manage.extend, name="campaign_extend"),
    path("campaigns/<uuid:campaign_id>/clone/", campaign_manage.clone, name="campaign_clone"),
    path("campaigns/<uuid:campaign_id>/pilot/", campaign_manage.pilot, name="campaign_pilot"),
    path("campaigns/<uuid:campaign_id>/preview/", preview.preview, name="campaign_preview"),
    path("campaigns/<uuid:campaign_id>/preview/claim/", preview.claim, name="preview_claim"),
    path("campaigns/<uuid:campaign_id>/preview/answers/", preview.answers, name="preview_answers"),
    path("campaigns/<uuid:campaign_id>/questions/", questions.question_list, name="questions"),
    path("campaigns/<uuid:campaign_id>/quiz/", quiz.quiz, name="quiz"),
    path("campaigns/<uuid:campaign_id>/disputed/", adjudication.queue, name="adjudication"),
    path(
        "campaigns/<uuid:campaign_id>/disputed/list/",
        adjudication.question_list,
        name="adjudication_list",
    ),
    path("campaigns/<uuid:campaign_id>/gold/", gold.campaign_gold, name="campaign_gold"),
    path("campaigns/<uuid:campaign_id>/gold/promote/", gold.promote, name="promote_gold"),
    path("campaigns/<uuid:campaign_id>/gold/plant/", gold.plant, name="plant_gold"),
    path("campaigns/<uuid:campaign_id>/flags/", flags.flags, name="flags"),
    path(
        "campaigns/<uuid:campaign_id>/flags/<uuid:clip_id>/",
        flags.resolve,
        name="resolve_flags",
    ),
    path("questions/<uuid:question_id>/adjudicate/", adjudication.decide, name="adjudicate"),
    path(
        "adjudications/<uuid:adjudication_id>/withdraw/",
        adjudication.withdraw,
        name="withdraw_adjudication",
    ),
    path("questions/<uuid:question_id>/", label.label, name="question"),
    path("questions/<uuid:question_id>/gold/", gold.set_gold_answer, name="set_gold"),
    path("gold/<uuid:gold_id>/retire/", gold.retire_gold_answer, name="retire_gold"),
    path("consistency/", overview.campaign_list, name="consistency"),
    path("consistency/<uuid:campaign_id>/", overview.overview, name="consistency_campaign"),
    path("consistency/<uuid:campaign_id>/status/", refresh.status, name="consistency_status"),
    path("consistency/<uuid:campaign_id>/refresh/", refresh.refresh, name="consistency_refresh"),
    path("consistency/<uuid:campaign_id>/classes/", classes.class_list, name="consistency_classes"),
    path(
        "consistency/<uuid:campaign_id>/classes/<str:class_name>/",
        classes.class_detail,
        name="consistency_class",
    ),
    path("consistency/<uuid:campaign_id>/runs/", runs.run_list, name="consistency_runs"),
    path(
        "consistency/<uuid:campaign_id>/runs/compare/", compare.compare, name="consistency_compare"
    ),
    path(
        "consistency/<uuid:campaign_id>/runs/<int:number>/", runs.run_detail, name="consistency_run"
    ),
    path("consistency/<uuid:campaign_id>/aggregate/", runs.aggregate, name="aggregate"),
    path("consistency/<uuid:campaign_id>/classes.csv", csv.classes_csv, name="classes_csv"),
    path("consistency/<uuid:campaign_id>/days.csv", csv.days_csv, name="days_csv"),
    path("consistency/<uuid:campaign_id>/people/", people.people, name="consistency_people"),
    path("consistency/<uuid:campaign_id>/people.csv", people.people_csv, name="people_csv"),
    path(
        "consistency/<uuid:campaign_id>/people/<uuid:person_id>/",
        person.person,
        name="consistency_person",
    ),
    path(
        "consistency/<uuid:campaign_id>/people/<uuid:person_id>/measures/",
        measures.take,
        name="take_measure",
    ),
    path(
        "consistency/<uuid:campaign_id>/people/<uuid:person_id>/message/",
        messages.send,
        name="send_message",
    ),
    path(
        "consistency/<uuid:campaign_id>/people/<uuid:person_id>/read/",
        messages.mark_read,
        name="read_messages",
    ),
    path("consistency/<uuid:campaign_id>/measures/", measures.take_of_all, name="take_measures"),
    path("consistency/<uuid:campaign_id>/measures/lift/", measures.lift_all, name="lift_measures"),
    path(
        "consistency/<uuid:campaign_id>/measures/<uuid:measure_id>/lift/",
        measures.lift,
        name="lift_measure",
    ),
    path("consistency/<uuid:campaign_id>/clips/", clips.clips, name="consistency_clips"),
    path("consistency/<uuid:campaign_id>/clips.csv", clips.clips_csv, name="clips_csv"),
    path("consistency/<uuid:campaign_id>/ratings/", ratings.ratings, name="consistency_ratings"),
    path("consistency/<uuid:campaign_id>/ratings.csv", ratings.ratings_csv, name="ratings_csv"),
    path("consistency/<uuid:campaign_id>/pairs/", pairs.pairs, name="consistency_pairs"),
    path("consistency/<uuid:campaign_id>/pairs.csv", pairs.pairs_csv, name="pairs_csv"),
    path("messages/", messages.inbox, name="messages"),
    path("messages/<uuid:campaign_id>/", messages.conversation, name="conversation"),
    path(
        "messages/<uuid:campaign_id>/<uuid:person_id>/",
        messages.conversation_with,
        name="conversation_with",
    ),
]
