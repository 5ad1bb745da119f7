"""What a request and its answer look like: for the API's document, held to it by a test."""

from __future__ import annotations

from typing import Any, Final

_CAMPAIGN: Final = "3f0e6a54-9a0f-4c1b-8a54-0d6a7f3f5b11"
_QUESTION: Final = "5c9a2f0e-6a7e-4a57-9d3a-90d8f7f0a6c2"
_ASSIGNMENT: Final = "b7d7c8a0-4f0b-4f2e-8f53-6d7d1f1d2a90"
_CLIP: Final = "0a3c2c1e-8f38-4f0d-9a62-3d7a4f5e6b7c"
_KEY: Final = "1b4e28ba-2fa1-41d2-883f-0016d3cca427"
_PERSON: Final = "9d1b7c1e-1c3f-4a0e-b6f5-2a9c8e7d6f50"
_JOB: Final = "e2a1f6f0-3b4c-4d5e-8f60-718293a4b5c6"
_PROGRESS: Final = {"answered_by_you": 12, "remaining_for_you": 230}

#: By operation: what is sent, and what comes back with which status.
EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "questions_claim": {
        "request": {"campaign": _CAMPAIGN, "count": 3, "holding": []},
        "200": {
            "questions": [],
            "progress": _PROGRESS,
            "mode": "class",
            "reason": "nothing_left",
        },
    },
    "ratings_submit": {
        "request": {
            "ratings": [
                {"key": _KEY, "assignment": _ASSIGNMENT, "answer": "yes", "heard_ms": 9_800}
            ]
        },
        "200": {"results": [{"key": _KEY, "status": "stored"}], "progress": _PROGRESS},
    },
    "quiz_start": {"request": {"class": "harp"}},
    "quiz_answer": {"request": {"item": _QUESTION, "answer": "yes"}},
    "headphones_answer": {
        "request": {"number": 1, "answers": [1, 3, 2, 2, 1, 3]},
        "200": {"right": 5, "asked": 6, "has_passed": True},
    },
    "terms_agree": {"request": {"version": 1, "is_adult": True, "agrees": True}},
    "campaigns_open": {
        "request": {"name": "First listening", "rounds": [_QUESTION], "min_ratings": 3},
    },
    "campaigns_move": {"request": {"state": "paused"}},
    "campaigns_edit": {"request": {"description": "Ten seconds each; headphones are best."}},
    "campaigns_extend": {
        "request": {"min_ratings": 4, "max_ratings": 7},
        "200": {"questions": 0, "beside": 0, "raised": 1_204},
    },
    "guidelines_write": {
        "request": {
            "text": "A harp is plucked and rings long.",
            "examples": [{"clip": _CLIP, "kind": "near_miss", "caption": "A lyre"}],
        },
    },
    "questions_adjudicate": {"request": {"decision": "absent", "note": "That is a lute."}},
    "flags_resolve": {
        "request": {"resolution": "withdrawn"},
        "200": {"reports": 2, "questions": 3, "gold": 0},
    },
    "gold_set": {"request": {"clip": _CLIP, "class_name": "harp", "truth": "present"}},
    "gold_plant": {"200": {"added": 40, "turned": 3, "waiting": 12}},
    "measures_take": {
        "request": {"people": [_PERSON], "kind": "pause", "reason": "Faster than hearing."},
    },
    "invitations_create": {"request": {"note": "The choir", "max_uses": 30, "days": 14}},
    "studies_open": {
        "request": {"provider": "prolific", "name": "Spring", "ratings_wanted": 60},
    },
    "runs_start": {
        "request": {"method": "dawid_skene", "present_from": 0.8},
        "202": {"job": _JOB, "url": f"https://archive.example.org/api/v1/jobs/{_JOB}"},
    },
    "taxonomies_create": {
        "request": {
            "name": "frames",
            "version": "1",
            "licence": "CC-BY-SA-4.0",
            "classes": [
                {
                    "name": "harp",
                    "display_name": "Harp",
                    "article": "a",
                    "definition": "Strings across a frame, plucked with both hands.",
                    "audioset_mids": ["/m/03m5k"],
                }
            ],
            "publish": True,
        },
    },
    "messages_send": {"request": {"text": "Thank you for your patience with the horns."}},
}
