"""Tables, a plot and a report for people."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from sklearn.linear_model import LinearRegression


def summarize_capacity(shuttles: pd.DataFrame, options: dict[str, Any]) -> pd.DataFrame:
    """Return shuttles, mean and largest passenger capacity by shuttle type, the roomiest type first."""
    by_type = shuttles.groupby("shuttle_type")["passenger_capacity"]
    summary = by_type.agg(shuttles="size", mean_capacity="mean", largest_capacity="max").reset_index()
    common = summary[summary["shuttles"] >= options["min_shuttles"]].round({"mean_capacity": 3})
    return common.sort_values(["mean_capacity", "shuttle_type"], ascending=[False, True], ignore_index=True)


def plot_capacity(summary: pd.DataFrame) -> Figure:
    """Return a bar chart of the mean capacity by shuttle type."""
    # A Figure of its own instead of pyplot: no global state, no display, safe in a forked worker.
    figure = Figure(figsize=(8, 0.3 * len(summary) + 1.2), layout="constrained")
    axes = figure.subplots()
    axes.barh(summary["shuttle_type"].to_list(), summary["mean_capacity"].to_list())
    axes.invert_yaxis()
    axes.set_xlabel("passengers per shuttle (mean)")
    return figure


def report_evaluation(metrics: dict[str, float], regressor: LinearRegression) -> dict[str, Any]:
    """Return the metrics beside the model's coefficients, ready for JSON."""
    names = [str(name) for name in regressor.feature_names_in_]
    coefficients = dict(zip(names, map(float, regressor.coef_), strict=True))
    return {"metrics": metrics, "intercept": float(regressor.intercept_), "coefficients": coefficients}
