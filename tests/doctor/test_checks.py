"""Every check has a name, a reason and a place on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kedro_aloft.doctor import ALWAYS, PRODUCTION, REMOTE, SECURITY
from kedro_aloft.doctor.reference import REFERENCE_FILE, render_reference
from kedro_aloft.doctor.remote import OWN_TAG
from kedro_aloft.render.statements import OWN_TAGS

if TYPE_CHECKING:
    from kedro_aloft.doctor import Check

CHECKS: list[Check[Any]] = [*ALWAYS, *SECURITY, *PRODUCTION, *REMOTE]


def test_codes_are_unique() -> None:
    codes = [check.code for check in CHECKS]
    assert len(set(codes)) == len(codes) > 25


def test_every_check_says_why() -> None:
    for check in CHECKS:
        assert check.title
        assert check.why.endswith((".", "compatibility")), check.code


def test_the_page_is_fresh() -> None:
    assert REFERENCE_FILE.read_text(encoding="utf-8") == render_reference(), "run: make docs"


def test_our_dags_are_known_by_a_tag_that_they_have() -> None:
    assert OWN_TAG in OWN_TAGS
