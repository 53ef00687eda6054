"""Kedro settings of the project: all of them are the defaults."""
