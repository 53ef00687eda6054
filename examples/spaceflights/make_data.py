"""Write the raw data of the example: the same bytes every time, from a fixed seed.

    python make_data.py [directory]         default: data/01_raw beside this file

The tables have the columns of Kedro's spaceflights tutorial; every value is made up here.
"""

from __future__ import annotations

import csv
import io
import random
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

from openpyxl import Workbook

SEED = 2026
COMPANIES = 900
SHUTTLES = 2_400

COMPANY_COLUMNS = ("id", "company_rating", "company_location", "total_fleet_count", "iata_approved")
SHUTTLE_COLUMNS = (
    "id",
    "shuttle_location",
    "shuttle_type",
    "engine_type",
    "engine_vendor",
    "engines",
    "passenger_capacity",
    "cancellation_policy",
    "crew",
    "d_check_complete",
    "moon_clearance_complete",
    "price",
    "company_id",
)
ASPECTS = ("comfort", "amenities", "trip", "crew", "location", "price")
REVIEW_COLUMNS = (
    "shuttle_id",
    "review_scores_rating",
    *(f"review_scores_{aspect}" for aspect in ASPECTS),
    "number_of_reviews",
    "reviews_per_month",
)

PLACES = ("Chile", "Estonia", "Ghana", "Iceland", "Japan", "Laos", "Malta", "Peru", "Portugal", "Samoa")
# Shuttle type: how often, and the fewest and most engines.
TYPES = {
    "Type A1": (40, 1, 2),
    "Type B4": (25, 1, 3),
    "Type C2": (14, 2, 4),
    "Type D7": (9, 2, 5),
    "Type E3": (6, 3, 6),
    "Type H9": (4, 4, 8),
    "Type X0": (1, 6, 8),
}
ENGINES = ("Plasma", "Quantum", "Nuclear")
VENDORS = ("Kestrel Drives", "Low Orbit Works", "Tern & Daughters")
POLICIES = ("strict", "flexible", "moderate")

Row = tuple[Any, ...]


def _maybe(value: Any, *, chance: float, rng: random.Random) -> Any:
    """Return the value, or nothing with the given chance, as tables that people fill in have gaps."""
    return None if rng.random() < chance else value


def _flag(chance: float, rng: random.Random) -> str:
    return "t" if rng.random() < chance else "f"


def company_rows(rng: random.Random) -> list[Row]:
    """Return one row per company, with gaps in rating and location."""
    ids = rng.sample(range(1, 10 * COMPANIES), COMPANIES)
    return [
        (
            number,
            _maybe(f"{rng.choice((100, 100, 100, 95, 90, 80, 67, 50))}%", chance=0.3, rng=rng),
            _maybe(rng.choice(PLACES), chance=0.25, rng=rng),
            float(rng.choice((1, 1, 1, 2, 3, 8))),
            _flag(0.4, rng),
        )
        for number in ids
    ]


def shuttle_rows(company_ids: list[int], rng: random.Random) -> list[Row]:
    """Return one row per shuttle; the price follows engines, capacity, crew and the check, with noise."""
    ids = rng.sample(range(1, 10 * SHUTTLES), SHUTTLES)
    return [_shuttle(number, rng.choice(company_ids), rng) for number in ids]


def _shuttle(number: int, company_id: int, rng: random.Random) -> Row:
    kind = rng.choices(list(TYPES), weights=[often for often, _, _ in TYPES.values()])[0]
    engines = rng.randint(*TYPES[kind][1:])
    capacity = 2 * engines + rng.randint(0, engines)
    crew = max(1, engines - rng.randint(0, 1))
    checked = _flag(0.4, rng)
    price = 900 + 260 * engines + 310 * capacity + 120 * crew + 150 * (checked == "t") + 45 * rng.randint(-12, 12)
    return (
        number,
        rng.choice(PLACES),
        kind,
        rng.choices(ENGINES, weights=(55, 40, 5))[0],
        rng.choice(VENDORS),
        _maybe(float(engines), chance=0.002, rng=rng),
        capacity,
        rng.choice(POLICIES),
        _maybe(float(crew), chance=0.004, rng=rng),
        checked,
        _flag(0.1, rng),
        f"${price:,}.0",
        company_id,
    )


def review_rows(shuttle_ids: list[int], rng: random.Random) -> list[Row]:
    """Return one row per shuttle; a shuttle that nobody reviewed has no scores."""
    return [_review(number, rng) for number in shuttle_ids]


def _review(number: int, rng: random.Random) -> Row:
    count = _maybe(1 + int(rng.expovariate(1 / 20)), chance=0.25, rng=rng)
    if count is None:
        return (number, *(None for _ in range(1 + len(ASPECTS))), 0, None)
    rating = min(100.0, max(20.0, float(round(rng.gauss(93, 7)))))
    scores = [min(10.0, max(2.0, float(round(rating / 10 + rng.uniform(-1, 1))))) for _ in ASPECTS]
    return (number, rating, *scores, count, round(0.05 + rng.expovariate(0.8), 2))


def csv_bytes(columns: tuple[str, ...], rows: list[Row]) -> bytes:
    """Return the table as CSV with Unix line ends."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()


def xlsx_bytes(columns: tuple[str, ...], rows: list[Row]) -> bytes:
    """Return the table as a workbook with one sheet, without the clock in it."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("shuttles")
    for row in (columns, *rows):
        sheet.append(row)
    written = io.BytesIO()
    book.save(written)
    return _without_clock(written.getvalue())


def _without_clock(archive: bytes) -> bytes:
    """Return the workbook with fixed dates; stored, not deflated, because zlibs differ in their bytes."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as source, zipfile.ZipFile(result, "w") as target:
        for name in sorted(source.namelist()):
            content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2000-01-01T00:00:00Z", source.read(name))
            target.writestr(zipfile.ZipInfo(name), content)
    return result.getvalue()


def raw_files() -> dict[str, bytes]:
    """Return the raw files by name."""
    rng = random.Random(SEED)  # noqa: S311 - made-up data, no secret
    companies = company_rows(rng)
    shuttles = shuttle_rows([row[0] for row in companies], rng)
    reviews = review_rows([row[0] for row in shuttles], rng)
    return {
        "companies.csv": csv_bytes(COMPANY_COLUMNS, companies),
        "reviews.csv": csv_bytes(REVIEW_COLUMNS, reviews),
        "shuttles.xlsx": xlsx_bytes(SHUTTLE_COLUMNS, shuttles),
    }


def write_raw_files(directory: Path) -> None:
    """Write the raw files; a file that has its bytes already is left alone."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in raw_files().items():
        path = directory / name
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)
        print(f"{path}: {len(content)} bytes")


if __name__ == "__main__":
    write_raw_files(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parent / "data" / "01_raw")
