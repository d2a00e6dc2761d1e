"""Who speaks: the three agents, and the teachers they speak through."""

from typing import TYPE_CHECKING

from ioa.memory.public_names import import_when_used

if TYPE_CHECKING:
    from ioa.agents.adapter import PedagogicalAdapter
    from ioa.agents.consolidation import teaching_stages, with_consolidation
    from ioa.agents.decomposition import Decomposer, Made
    from ioa.agents.diagnoser import Diagnoser
    from ioa.agents.examinee import TeacherExaminee
    from ioa.agents.journal import Answered, Journal
    from ioa.agents.judge import Comparison, Judge, JudgeOptions, check_judge
    from ioa.agents.measured_prerequisites import (
        Variant,
        choose_modules_to_teach,
        measure_by_intervention,
        measure_by_population,
    )
    from ioa.agents.planner import CurriculumPlanner
    from ioa.agents.portions import first_lessons, further_lessons, portion_count
    from ioa.agents.prerequisite_graph import prerequisite_graph
    from ioa.agents.remedy_split import add_misconceptions
    from ioa.agents.requests import Checked, Draft, LessonRequest
    from ioa.agents.screening import refuse_lesson
    from ioa.agents.settings.curriculum import CurriculumSettings
    from ioa.agents.settings.decomposition import DecompositionSettings
    from ioa.agents.settings.diagnosis import DiagnosisSettings
    from ioa.agents.settings.roles import ROLES, Role, Roles
    from ioa.agents.settings.synthesis import SynthesisSettings
    from ioa.agents.step_checks import false_step
    from ioa.agents.teacher import Teacher
    from ioa.agents.teachers import (
        PRICES,
        Budget,
        BudgetReached,
        BudgetSettings,
        CallDesk,
        Endpoint,
        Learned,
        Spent,
        TeacherError,
        TeacherSettings,
        load_prices,
    )
    from ioa.agents.teachers.opening import check_methods, check_teacher, is_here, open_model, start_model
    from ioa.memory.answer_equality import same_answer
else:
    import_when_used(__name__)

__all__ = [
    "PRICES",
    "ROLES",
    "Answered",
    "Budget",
    "BudgetReached",
    "BudgetSettings",
    "CallDesk",
    "Checked",
    "Comparison",
    "CurriculumPlanner",
    "CurriculumSettings",
    "Decomposer",
    "DecompositionSettings",
    "Diagnoser",
    "DiagnosisSettings",
    "Draft",
    "Endpoint",
    "Journal",
    "Judge",
    "JudgeOptions",
    "Learned",
    "LessonRequest",
    "Made",
    "PedagogicalAdapter",
    "Role",
    "Roles",
    "Spent",
    "SynthesisSettings",
    "Teacher",
    "TeacherError",
    "TeacherExaminee",
    "TeacherSettings",
    "Variant",
    "add_misconceptions",
    "check_judge",
    "check_methods",
    "check_teacher",
    "choose_modules_to_teach",
    "false_step",
    "first_lessons",
    "further_lessons",
    "is_here",
    "load_prices",
    "measure_by_intervention",
    "measure_by_population",
    "open_model",
    "portion_count",
    "prerequisite_graph",
    "refuse_lesson",
    "same_answer",
    "start_model",
    "teaching_stages",
    "with_consolidation",
]
