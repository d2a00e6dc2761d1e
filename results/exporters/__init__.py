"""What a run tells other tools: OpenTelemetry, MLflow, TensorBoard, W&B, and tables. All of it is off by default."""

from ioa.results.exporters.extras import check_exporters
from ioa.results.exporters.live import ExportListener
from ioa.results.exporters.scalars import CurveListener

__all__ = ["CurveListener", "ExportListener", "check_exporters"]
