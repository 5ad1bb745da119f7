"""Addresses of the rounds pages."""

from django.urls import path

from candidates.views import drawing, listening, mapping, rounds, scoring, suggesting

app_name = "candidates"
urlpatterns = [
    path("", rounds.round_list, name="rounds"),
    path("draw/", drawing.round_draw, name="draw"),
    path("draw/preview", drawing.preview, name="preview"),
    path("scores/new/", scoring.score, name="score"),
    path("scores/<uuid:score_set_id>/suggest/", suggesting.suggest, name="suggest"),
    path("scores/<uuid:score_set_id>/calibrate/", suggesting.recalibrate, name="recalibrate"),
    path("yields/<slug:slug>/", suggesting.yields, name="yields"),
    path("<uuid:round_id>/", rounds.round_detail, name="round"),
    path("<uuid:round_id>/review/", rounds.round_review, name="review"),
    path("scores/<uuid:score_set_id>/listen/", listening.listen, name="listen"),
    path(
        "scores/<uuid:score_set_id>/excerpts/<int:track_no>/<int:start_ms>/sound",
        listening.sound,
        name="excerpt_sound",
    ),
    path("scores/<uuid:score_set_id>/map/", mapping.embedding_map, name="map"),
    path("scores/<uuid:score_set_id>/map/make/", mapping.make, name="make_map"),
    path("scores/<uuid:score_set_id>/map/square/", mapping.square, name="map_square"),
]
