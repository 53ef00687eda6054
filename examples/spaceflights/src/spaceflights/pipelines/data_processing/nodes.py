"""From raw tables as people type them to one table of numbers."""

from __future__ import annotations

import pandas as pd


def _is_true(column: pd.Series) -> pd.Series:
    """Return booleans for ``t`` and ``f``; a missing value counts as false."""
    return column.eq("t")


def _number(column: pd.Series, *, drop: str) -> pd.Series:
    """Return the column as floats after removing the characters ``drop``; missing stays missing."""
    return column.str.replace(f"[{drop}]", "", regex=True).astype("float64")


def preprocess_companies(companies: pd.DataFrame) -> pd.DataFrame:
    """Return the companies with ``company_rating`` as a share of 1 and ``iata_approved`` as booleans."""
    return companies.assign(
        iata_approved=_is_true(companies["iata_approved"]),
        company_rating=_number(companies["company_rating"], drop="%") / 100,
    )


def preprocess_shuttles(shuttles: pd.DataFrame) -> pd.DataFrame:
    """Return the shuttles with both checks as booleans and ``price`` as a number."""
    return shuttles.assign(
        d_check_complete=_is_true(shuttles["d_check_complete"]),
        moon_clearance_complete=_is_true(shuttles["moon_clearance_complete"]),
        price=_number(shuttles["price"], drop="$,"),
    )


def create_model_input_table(shuttles: pd.DataFrame, companies: pd.DataFrame, reviews: pd.DataFrame) -> pd.DataFrame:
    """Return one row per shuttle with its company and its reviews; rows with any gap are left out."""
    rated = shuttles.merge(reviews, left_on="id", right_on="shuttle_id").drop(columns="id")
    complete = rated.merge(companies, left_on="company_id", right_on="id").drop(columns="id")
    return complete.dropna().reset_index(drop=True)
