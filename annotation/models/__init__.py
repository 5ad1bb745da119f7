"""Campaigns, questions, ratings, gold, people and runs, one concern a file."""

from annotation.models.campaigns import Campaign, GuidelineExample, GuidelineVersion
from annotation.models.consensus import ConsensusRun, SkillSnapshot
from annotation.models.gold import GoldAnswer
from annotation.models.measures import Measure, Message
from annotation.models.questions import Assignment, Question
from annotation.models.quizzes import QuizAttempt, QuizItem
from annotation.models.ratings import Rating
from annotation.models.reports import ConsistencyReport, PersonReport
from annotation.models.studies import Participant, Study
from annotation.models.troubles import Adjudication, ClipFlag, Skip
from annotation.models.trust import GoldTrust
from annotation.models.workload import ClassTally, Workload

__all__ = [
    "Adjudication",
    "Assignment",
    "Campaign",
    "ClassTally",
    "ClipFlag",
    "ConsensusRun",
    "ConsistencyReport",
    "GoldAnswer",
    "GoldTrust",
    "GuidelineExample",
    "GuidelineVersion",
    "Measure",
    "Message",
    "Participant",
    "PersonReport",
    "Question",
    "QuizAttempt",
    "QuizItem",
    "Rating",
    "SkillSnapshot",
    "Skip",
    "Study",
    "Workload",
]
