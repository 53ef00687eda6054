"""Purity: what functions of nodes do, seen in their syntax; close to each bad fragment stands a good one."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.graph.snapshot import NodeInfo, SourceLocation
from kedro_aloft.rules import RULES, Rule, Severity, TaskView, find_problems
from support.code import findings, found
from support.subjects import subject

if TYPE_CHECKING:
    from collections.abc import Iterator

PURITY = [rule for rule in RULES if rule.family == "Purity"]


@pytest.mark.parametrize("rule", PURITY, ids=lambda rule: rule.code)
def test_examples_of_the_page(rule: Rule) -> None:
    assert found(rule.bad, rule.code)
    assert not found(rule.good, rule.code)


FRAGMENTS = Path(__file__).parent / "fragments"


def _fragments() -> Iterator[Any]:
    """Modules between lines of `---`; the rule finds something where a line ends with `# <code>`, and nowhere else."""
    for path in sorted(FRAGMENTS.glob("P*.txt")):
        for number, text in enumerate(path.read_text(encoding="utf-8").split("---\n"), start=1):
            yield pytest.param(path.stem, text, id=f"{path.stem}-{number}")


@pytest.mark.parametrize(("code", "text"), [*_fragments()])
def test_fragments(code: str, text: str) -> None:
    marked = [number for number, line in enumerate(text.splitlines(), start=1) if line.endswith(f"  # {code}")]
    assert found(text, code) == marked


@pytest.mark.parametrize("rule", PURITY, ids=lambda rule: rule.code)
def test_each_rule_has_fragments_of_both_kinds(rule: Rule) -> None:
    short = rule.code.removeprefix("ALOFT-")
    texts = (FRAGMENTS / f"{short}.txt").read_text(encoding="utf-8").split("---\n")
    assert {f"  # {short}\n" in text for text in texts} == {True, False}


def test_functions_that_no_node_calls_are_not_read() -> None:
    text = "def unused():\n    return datetime.now()\ndef f(x):\n    return x"
    assert found(text, "P01", nodes=("f",)) == []
    assert found(text, "P01") == [2]


def test_what_stands_in_a_branch_is_no_error() -> None:
    (always,) = findings("def f(x):\n    with x:\n        y = input()\n    return y", "P14")
    (never,) = findings("def f(x, debug):\n    if debug:\n        breakpoint()\n    return x", "P14")
    (later,) = findings("def f(x):\n    if not x:\n        return x\n    return input()", "P14")
    (helper,) = findings("def _ask():\n    return input()\ndef f(x):\n    return x or _ask()", "P14", nodes=("f",))
    assert [one.severity for one in (always, never, later, helper)] == [
        Severity.ERROR,
        Severity.WARNING,
        Severity.WARNING,
        Severity.WARNING,
    ]


def test_sending_without_retries_is_fine() -> None:
    text = "def f(x):\n    requests.post('https://example.org', json=x)"
    assert found(text, "P11", task_view=lambda _: TaskView(retries=0)) == []
    assert found(text, "P11", task_view=lambda _: TaskView(retries=2)) == [2]


def test_variables_that_the_settings_give_are_fine() -> None:
    text = "def f(x):\n    return os.environ['LIMIT']"
    assert found(text, "P07", task_view=lambda _: TaskView(env_vars=(("LIMIT", "3"),))) == []
    (finding,) = findings(text, "P07")
    assert "LIMIT" in finding.message


def test_globals_within_one_task_are_fine() -> None:
    text = "T = []\ndef fill(x):\n    T.append(x)\ndef use(y):\n    return len(T)"
    (finding,) = findings(text, "P23")
    assert (finding.where, finding.severity) == ("node use", Severity.ERROR)
    assert "'T'" in finding.message
    assert findings(text, "P23", group_by="pipeline") == ()


def test_helpers_name_the_nodes_that_come_to_them() -> None:
    text = "def _now():\n    return datetime.now()\ndef f(x):\n    return _now()\ndef g(x):\n    return f(x)"
    (finding,) = findings(text, "P01", nodes=("f", "g"))
    assert finding.where == "nodes f, g"


def test_lambdas_are_read_when_their_line_has_one() -> None:
    text = "from datetime import datetime\nfrom kedro.pipeline import node\nnode(lambda x: datetime.now(), 'a', 'b')\n"
    two = "from datetime import datetime\nf = (lambda x: x, lambda x: datetime.now())\n"
    for content, line, expected in ((text, 3, 1), (two, 2, 0)):
        one = NodeInfo(name="f", outputs=("b",), source=SourceLocation(file="a.py", line=line))
        assert len(find_problems(subject(one, files={"a.py": content}), select=["P01"])) == expected


def test_methods_of_callable_objects_are_read() -> None:
    text = dedent(
        """\
        from datetime import datetime
        class Label:
            def __call__(self, x):
                return datetime.now()
        """
    )
    one = NodeInfo(name="f", outputs=("b",), source=SourceLocation(file="a.py", line=3))
    assert len(find_problems(subject(one, files={"a.py": text}), select=["P01"])) == 1


def test_functions_of_libraries_and_broken_files_are_silent() -> None:
    library = NodeInfo(name="f", outputs=("b",))
    broken = NodeInfo(name="g", outputs=("c",), source=SourceLocation(file="a.py", line=1))
    assert find_problems(subject(library, broken, files={"a.py": "def g(:\n"}), select=["P"]) == ()
