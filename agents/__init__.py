"""Who speaks: the three agents, and the teachers they speak through."""

from ioa.agents.adapter import PedagogicalAdapter
from ioa.agents.diagnoser import Diagnoser
from ioa.agents.examinee import TeacherExaminee
from ioa.agents.gaps import DiagnosisSettings
from ioa.agents.planner import CurriculumPlanner
from ioa.agents.requests import Draft, LessonRequest, SynthesisSettings, first_lessons
from ioa.agents.staging import CurriculumSettings
from ioa.agents.teacher import Teacher, TeacherError
from ioa.agents.teachers import TeacherSettings, open_model

__all__ = [
    "CurriculumPlanner",
    "CurriculumSettings",
    "Diagnoser",
    "DiagnosisSettings",
    "Draft",
    "LessonRequest",
    "PedagogicalAdapter",
    "SynthesisSettings",
    "Teacher",
    "TeacherError",
    "TeacherExaminee",
    "TeacherSettings",
    "first_lessons",
    "open_model",
]
