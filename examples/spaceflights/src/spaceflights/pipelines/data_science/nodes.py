"""A linear model of the price, and how far it is off."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.metrics import max_error, mean_absolute_error, r2_score
from sklearn.model_selection import train_test_split

Split = tuple[pd.DataFrame, pd.DataFrame, pd.Series, pd.Series]


def split_data(table: pd.DataFrame, options: dict[str, Any]) -> Split:
    """Return ``X_train, X_test, y_train, y_test``: the features and the price, split at random but repeatably."""
    features, price = table[options["features"]], table["price"]
    parts = train_test_split(features, price, test_size=options["test_size"], random_state=options["random_state"])
    return tuple(parts)


def train_model(features: pd.DataFrame, price: pd.Series) -> LinearRegression:
    """Return a linear regression of the price on the features."""
    return LinearRegression().fit(features, price)


def evaluate_model(regressor: LinearRegression, features: pd.DataFrame, price: pd.Series) -> dict[str, float]:
    """Return what the model reaches on rows that it has not seen: ``r2``, and two errors in the price's unit."""
    predicted = regressor.predict(features)
    return {
        "r2": float(r2_score(price, predicted)),
        "mean_absolute_error": float(mean_absolute_error(price, predicted)),
        "max_error": float(max_error(price, predicted)),
    }
