"""The frame: rules are asked, found places are looked up, findings are sorted, shown once, and can be silenced."""

from __future__ import annotations

import pytest

from kedro_aloft.graph.snapshot import NodeInfo
from kedro_aloft.rules import RULES, Finding, Rule, SettingsView, Severity, Spot, Subject, find_problems, split_silenced
from kedro_aloft.rules import unknown_names as unknown
from support.subjects import subject

SHARED = {"a": {"filepath": "data/x.csv"}, "b": {"filepath": "data/x.csv"}}
TWO = (NodeInfo(name="write", outputs=("a",)), NodeInfo(name="read", inputs=("b",)))
UNNAMED = (NodeInfo(name="<lambda>__1a2b3c4d", outputs=("a",)), NodeInfo(name="named", inputs=("a",)))


def test_codes_and_names_are_unique() -> None:
    assert len({rule.code for rule in RULES}) == len({rule.name for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_texts_are_whole_sentences_and_families_share_a_letter(rule: Rule) -> None:
    assert rule.summary.endswith(".")
    assert rule.why.endswith(".")


def test_a_letter_belongs_to_one_family() -> None:
    families = {(rule.code[6], rule.family) for rule in RULES if rule.code[6] != "C"}
    assert len(families) == len({letter for letter, _ in families})


def test_two_datasets_in_one_place() -> None:
    (finding,) = find_problems(subject(*TWO, catalog=SHARED))
    assert (finding.code, finding.severity) == ("ALOFT-C01", Severity.WARNING)
    assert "a, b" in finding.message
    assert "data/x.csv" in finding.message
    assert finding.where == "nodes write, read"


def test_places_that_are_only_read_or_transcoded_are_fine() -> None:
    read = subject(NodeInfo(name="read", inputs=("a", "b")), catalog=SHARED)
    transcoded = subject(
        NodeInfo(name="write", outputs=("a@x",)),
        NodeInfo(name="read", inputs=("a@y",)),
        catalog={"a@x": {"filepath": "x"}, "a@y": {"filepath": "x"}},
    )
    assert find_problems(read) == find_problems(transcoded) == ()


def test_nodes_without_a_name() -> None:
    (finding,) = find_problems(subject(*UNNAMED))
    assert (finding.code, finding.severity) == ("ALOFT-C02", Severity.INFO)
    assert "<lambda>__1a2b3c4d" in finding.where
    assert "named" not in finding.where


def _both() -> Subject:
    return subject(NodeInfo(name="f__1a2b3c4d", outputs=("a",)), NodeInfo(name="g", outputs=("b",)), catalog=SHARED)


def test_the_most_severe_comes_first() -> None:
    assert [finding.severity for finding in find_problems(_both())] == [Severity.WARNING, Severity.INFO]


def test_rules_below_a_severity_are_not_asked() -> None:
    assert [finding.code for finding in find_problems(_both(), least=Severity.WARNING)] == ["ALOFT-C01"]


@pytest.mark.parametrize("name", ["ALOFT-C01", "C01", "shared-place"])
def test_rules_are_selected_by_code_and_name(name: str) -> None:
    assert [finding.code for finding in find_problems(_both(), select=[name])] == ["ALOFT-C01"]


def test_rules_are_selected_by_letter() -> None:
    assert len(find_problems(_both(), select=["C"])) == 2
    assert find_problems(_both(), select=["C03"]) == ()


def test_names_that_are_no_rule_are_told() -> None:
    assert unknown(["C01", "ALOFT-C", "unnamed-node", "X9"]) == ("X9",)


def test_places_are_looked_up_for_findings() -> None:
    asked: list[Spot] = []

    def locate(_: Subject, spot: Spot) -> tuple[str, int]:
        asked.append(spot)
        return "conf/base/catalog.yml", 7

    (finding,) = find_problems(subject(*TWO, catalog=SHARED), locate=locate)
    assert finding.place == "conf/base/catalog.yml:7"
    assert [(spot.kind, spot.name) for spot in asked] == [("dataset", "b")]


def test_findings_are_json() -> None:
    finding = Finding(code="ALOFT-C99", severity=Severity.ERROR, message="m", where="w", remedy="r", file="f", line=3)
    assert finding.to_dict() == {
        "code": "ALOFT-C99",
        "severity": "error",
        "message": "m",
        "where": "w",
        "remedy": "r",
        "file": "f",
        "line": 3,
        "fixable": False,
    }


# --- silencing

FOUND = Finding(code="ALOFT-C01", severity=Severity.WARNING, message="m", file="catalog.yml", line=2)


def _is_silenced(*lines: str, ignored: dict[str, str] | None = None) -> bool:
    counting, silenced = split_silenced([FOUND], RULES, ignored=ignored or {}, lines=lambda _: lines)
    assert {*counting, *silenced} == {FOUND}
    return bool(silenced)


@pytest.mark.parametrize("name", ["C01", "ALOFT-C01", "shared-place", "C02, C01", "C"])
def test_a_comment_in_the_line_silences(name: str) -> None:
    assert _is_silenced("a:", f"b: # aloft: ignore[{name}] because")


def test_a_comment_alone_in_the_line_above_silences() -> None:
    assert _is_silenced("  # aloft: ignore[C01] because", "b:")


@pytest.mark.parametrize(
    "lines",
    [
        ("a:", "b: # aloft: ignore[C01]"),
        ("a:", "b: # aloft: ignore because"),
        ("a:", "b: # aloft: ignore[C02] because"),
        ("a: # aloft: ignore[C01] because", "b:"),
        ("a:", "b:", "# aloft: ignore[C01] because"),
    ],
)
def test_what_does_not_silence(lines: tuple[str, ...]) -> None:
    assert not _is_silenced(*lines)


def test_settings_silence() -> None:
    assert _is_silenced("", "", ignored={"C01": "because"})
    assert not _is_silenced("", "", ignored={"C02": "because"})


def test_errors_that_are_no_findings_of_rules_cannot_be_silenced() -> None:
    error = Finding(code="ALOFT-107", severity=Severity.ERROR, message="m")
    assert split_silenced([error], RULES, ignored={"ALOFT-107": "x"}, lines=lambda _: ()) == ((error,), ())


def test_comments_that_silence_nothing_are_found() -> None:
    comments = "a: 1 # aloft: ignore[C01]\nb: # aloft: ignore\nc: # aloft: ignore[C99] why\n# aloft: ignore[C01] ok"
    found = find_problems(subject(NodeInfo(name="f", outputs=("a",)), files={"conf/base/catalog.yml": comments}))
    assert [finding.code for finding in found] == ["ALOFT-C05"] * 3
    assert "gives no reason" in found[0].message + found[1].message + found[2].message


def test_settings_that_name_no_rule_are_found() -> None:
    settings = SettingsView(ignored=("C01", "C99"), selected=())
    (finding,) = find_problems(subject(NodeInfo(name="f", outputs=("a",)), settings=settings))
    assert (finding.code, "C99" in finding.message) == ("ALOFT-C06", True)
