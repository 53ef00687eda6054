"""Spaceflights: what does a flight to the moon cost, and which shuttles take most people there."""

__version__ = "0.1.0"
