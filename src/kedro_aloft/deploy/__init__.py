"""Releases of a project, and the places to which they are deployed."""
