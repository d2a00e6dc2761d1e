"""What the agents ask a teacher and what it must answer, task by task.

A prompt is prose, from a file of `prompts/`, with one of these briefs as a fenced JSON block behind it; the
reply is JSON of the record that stands beside the brief here. A language model reads the prose and the
brief; the embedded tutor reads the brief alone.
"""

from typing import TYPE_CHECKING

from ioa.memory.public_names import import_when_used

if TYPE_CHECKING:
    from ioa.agents.exchange.briefs import Brief, Line, Lines, ModuleBrief, Reply, Short
    from ioa.agents.exchange.decomposition_briefs import (
        DecomposeBrief,
        DecomposeReply,
        ItemsBrief,
        ItemsReply,
        ProposedCategory,
        ProposedItem,
        ProposedLevel,
        ProposedModule,
        Tag,
        TagBrief,
        TagItem,
        TagReply,
    )
    from ioa.agents.exchange.diagnosis_briefs import (
        NONE,
        AnalyseBrief,
        AnalyseReply,
        AssignBrief,
        Assignment,
        AssignReply,
        Claimed,
        FailedItem,
        Finding,
        ModuleFailures,
        Prerequisite,
        PrerequisitesBrief,
        PrerequisitesReply,
    )
    from ioa.agents.exchange.judging_briefs import CompareBrief, CompareReply, GradeBrief, GradeReply
    from ioa.agents.exchange.lesson_briefs import (
        Candidate,
        Lesson,
        LessonsBrief,
        LessonsReply,
        SolveBrief,
        SolveReply,
        SourceProblem,
        TemplateBrief,
        TemplateReply,
    )
    from ioa.agents.exchange.planning_briefs import (
        PlanBrief,
        PlanReply,
        ProposedStage,
        RemedyBrief,
        RemedyProposal,
        RemedyReply,
        TriedLessons,
        WeakModule,
    )
else:
    import_when_used(__name__)

__all__ = [
    "NONE",
    "AnalyseBrief",
    "AnalyseReply",
    "AssignBrief",
    "AssignReply",
    "Assignment",
    "Brief",
    "Candidate",
    "Claimed",
    "CompareBrief",
    "CompareReply",
    "DecomposeBrief",
    "DecomposeReply",
    "FailedItem",
    "Finding",
    "GradeBrief",
    "GradeReply",
    "ItemsBrief",
    "ItemsReply",
    "Lesson",
    "LessonsBrief",
    "LessonsReply",
    "Line",
    "Lines",
    "ModuleBrief",
    "ModuleFailures",
    "PlanBrief",
    "PlanReply",
    "Prerequisite",
    "PrerequisitesBrief",
    "PrerequisitesReply",
    "ProposedCategory",
    "ProposedItem",
    "ProposedLevel",
    "ProposedModule",
    "ProposedStage",
    "RemedyBrief",
    "RemedyProposal",
    "RemedyReply",
    "Reply",
    "Short",
    "SolveBrief",
    "SolveReply",
    "SourceProblem",
    "Tag",
    "TagBrief",
    "TagItem",
    "TagReply",
    "TemplateBrief",
    "TemplateReply",
    "TriedLessons",
    "WeakModule",
]
