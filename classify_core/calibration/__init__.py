"""Confidence that means what it says: learned from labelled documents, applied without them."""

from classify_core.calibration.calibration import Calibration, IsotonicCalibration, TemperatureCalibration
from classify_core.calibration.fitting import Fitted, MethodLike, fit
from classify_core.calibration.report import CalibrationReport, Method, Quality

__all__ = [
    "Calibration",
    "CalibrationReport",
    "Fitted",
    "IsotonicCalibration",
    "Method",
    "MethodLike",
    "Quality",
    "TemperatureCalibration",
    "fit",
]
