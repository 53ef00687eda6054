"""Each rule finds what it is for, and nothing else."""

from __future__ import annotations

from kedro_aloft.graph.snapshot import DatasetInfo, DatasetKind, NodeInfo, Snapshot
from kedro_aloft.rules import RULES, Finding, Severity, find_problems


def _snapshot(*nodes: NodeInfo, places: dict[str, str]) -> Snapshot:
    names = {name for node in nodes for name in (*node.inputs, *node.outputs)}
    return Snapshot(
        package="shop",
        pipeline="__default__",
        env="local",
        nodes=nodes,
        datasets={
            name: DatasetInfo(name=name, kind=DatasetKind.PERSISTED, location=places.get(name)) for name in names
        },
    )


def test_codes_and_names_are_unique() -> None:
    assert len({rule.code for rule in RULES}) == len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.summary.endswith(".") for rule in RULES)


def test_two_datasets_in_one_place() -> None:
    snapshot = _snapshot(
        NodeInfo(name="write", outputs=("a",)),
        NodeInfo(name="read", inputs=("b",)),
        places={"a": "data/x.csv", "b": "data/x.csv"},
    )
    (finding,) = find_problems(snapshot)
    assert (finding.code, finding.severity) == ("ALOFT-C01", Severity.WARNING)
    assert "a, b" in finding.message
    assert "data/x.csv" in finding.message
    assert finding.where == "nodes write, read"


def test_places_that_are_only_read_or_transcoded_are_fine() -> None:
    read = _snapshot(NodeInfo(name="read", inputs=("a", "b")), places={"a": "x", "b": "x"})
    transcoded = _snapshot(
        NodeInfo(name="write", outputs=("a@x",)),
        NodeInfo(name="read", inputs=("a@y",)),
        places={"a@x": "x", "a@y": "x"},
    )
    assert find_problems(read) == find_problems(transcoded) == ()


def test_nodes_without_a_name() -> None:
    snapshot = _snapshot(
        NodeInfo(name="<lambda>__1a2b3c4d", outputs=("a",)), NodeInfo(name="named", inputs=("a",)), places={}
    )
    (finding,) = find_problems(snapshot)
    assert (finding.code, finding.severity) == ("ALOFT-C02", Severity.INFO)
    assert "<lambda>__1a2b3c4d" in finding.where
    assert "named" not in finding.where


def test_the_most_severe_comes_first() -> None:
    snapshot = _snapshot(
        NodeInfo(name="f__1a2b3c4d", outputs=("a",)), NodeInfo(name="g", outputs=("b",)), places={"a": "x", "b": "x"}
    )
    assert [finding.severity for finding in find_problems(snapshot)] == [Severity.WARNING, Severity.INFO]


def test_findings_are_json() -> None:
    finding = Finding(code="ALOFT-C99", severity=Severity.ERROR, message="m", where="w", remedy="r")
    assert finding.to_dict() == {
        "code": "ALOFT-C99",
        "severity": "error",
        "message": "m",
        "where": "w",
        "remedy": "r",
    }
