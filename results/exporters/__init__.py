"""What a run tells other tools: OpenTelemetry, MLflow, TensorBoard, W&B, and tables. All of it is off by default."""

from typing import TYPE_CHECKING

from ioa.memory.public_names import import_when_used

if TYPE_CHECKING:
    from ioa.results.exporters.extras import check_exporters
    from ioa.results.exporters.live import ExportListener
    from ioa.results.exporters.scalars import CurveListener
else:
    import_when_used(__name__)

__all__ = ["CurveListener", "ExportListener", "check_exporters"]
