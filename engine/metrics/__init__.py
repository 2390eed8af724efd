"""Figures from arrays and strings; no metric knows a model."""
