"""What is learnt and measured: the student, the trainer of its LoRA, scoring, examination and the gate.

Importing this is cheap: torch and its kin are imported by the functions that need them.
"""

from typing import TYPE_CHECKING

from ioa.memory.public_names import import_when_used

if TYPE_CHECKING:
    from ioa.training.chat_format import Shot
    from ioa.training.difficulty import observe, sample_for_observation
    from ioa.training.exams.answer_extraction import extract_answer
    from ioa.training.exams.answer_markers import split_solution
    from ioa.training.exams.examining import Examinee, examine, grade
    from ioa.training.exams.mastery_gate import can_teach, contrast, gate, verdict
    from ioa.training.exams.probes import build_probes, further_probes, gate_seed, level_probes, shared_modules
    from ioa.training.exams.remembered import Remembered
    from ioa.training.exams.repeated_gate import NEVER, certainty
    from ioa.training.exams.score_sums import score_by_module, total_score
    from ioa.training.exams.scorers import Scorers
    from ioa.training.exams.sequential import Design, SequentialTest, sequential_test
    from ioa.training.exams.sitting import ExamFile, sit
    from ioa.training.execution import Execution
    from ioa.training.generation import Sampling
    from ioa.training.loading import resolve_student
    from ioa.training.mixture import manifest, mixture
    from ioa.training.reply_bounds import ReplyBound
    from ioa.training.reply_key import reply_key
    from ioa.training.schedule import NoTokensLeftError
    from ioa.training.settings.examination import ExaminationSettings
    from ioa.training.settings.student import StudentSettings
    from ioa.training.settings.training import LoraSettings, TrainingSettings
    from ioa.training.student import Student, StudentVariant, open_student
    from ioa.training.task_forms import FORMS, TaskForm
    from ioa.training.trainer import TrainingProgress, check_trainable, is_complete, train
else:
    import_when_used(__name__)

__all__ = [
    "FORMS",
    "NEVER",
    "Design",
    "ExamFile",
    "ExaminationSettings",
    "Examinee",
    "Execution",
    "LoraSettings",
    "NoTokensLeftError",
    "Remembered",
    "ReplyBound",
    "Sampling",
    "Scorers",
    "SequentialTest",
    "Shot",
    "Student",
    "StudentSettings",
    "StudentVariant",
    "TaskForm",
    "TrainingProgress",
    "TrainingSettings",
    "build_probes",
    "can_teach",
    "certainty",
    "check_trainable",
    "contrast",
    "examine",
    "extract_answer",
    "further_probes",
    "gate",
    "gate_seed",
    "grade",
    "is_complete",
    "level_probes",
    "manifest",
    "mixture",
    "observe",
    "open_student",
    "reply_key",
    "resolve_student",
    "sample_for_observation",
    "score_by_module",
    "sequential_test",
    "shared_modules",
    "sit",
    "split_solution",
    "total_score",
    "train",
    "verdict",
]
