"""What a run tells other tools: OpenTelemetry, MLflow, TensorBoard, W&B, and tables. All of it is off by default."""

from ioa.graph.settings.exporters import ExporterSettings, MlflowSettings, OtelSettings
from ioa.results.exporters.extras import check_exporters
from ioa.results.exporters.live import exporting

__all__ = ["ExporterSettings", "MlflowSettings", "OtelSettings", "check_exporters", "exporting"]
