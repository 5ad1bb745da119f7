"""Addresses of sound and pictures."""

from django.urls import path

from consonance.catalog import media_views

app_name = "media"
urlpatterns = [
    path("clips/<uuid:clip_id>/audio", media_views.clip_audio, name="clip_audio"),
    path("clips/<uuid:clip_id>/playback", media_views.clip_playback, name="clip_playback"),
    path("clips/<uuid:clip_id>/spectrogram", media_views.clip_spectrogram, name="clip_spectrogram"),
]
