"""Widgets that know nothing of models or requests: plain values in, Qt signals out."""
