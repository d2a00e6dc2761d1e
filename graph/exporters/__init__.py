"""What a run tells other tools: OpenTelemetry, MLflow, TensorBoard, W&B, and tables. All of it is off by default."""

from ioa.graph.exporters.extras import check_exporters
from ioa.graph.exporters.live import exporting
from ioa.graph.exporters.settings import ExporterSettings, MlflowSettings, OtelSettings

__all__ = ["ExporterSettings", "MlflowSettings", "OtelSettings", "check_exporters", "exporting"]
