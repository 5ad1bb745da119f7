"""Campaigns, questions, assignments, ratings and consensus runs, one concern a file."""

from annotation.models.campaigns import Campaign, GuidelineVersion
from annotation.models.consensus import ConsensusRun, SkillSnapshot
from annotation.models.questions import Assignment, Question
from annotation.models.ratings import Rating

__all__ = [
    "Assignment",
    "Campaign",
    "ConsensusRun",
    "GuidelineVersion",
    "Question",
    "Rating",
    "SkillSnapshot",
]
