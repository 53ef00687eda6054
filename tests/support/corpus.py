"""Cases of the corpus: small projects in one text file each.

    What is wrong, for people.
    expect: ALOFT-C01 conf/base/catalog.yml:4
    target: several-machines

    --- conf/base/catalog.yml
    …
    --- nodes
    node(make, "params:a", "b", name="make"),
    +++ conf/base/catalog.yml
    …

The head has one line for people, then `key: value` lines. `---` begins a file of the project, `+++` the same file as it
should be: with these files instead, the codes must not be found. `--- nodes` is what stands in `Pipeline([…])` of
`__default__`, `--- nodes <name>` that of another pipeline; nodes may use the functions of `src/shop/nodes.py`, which
has some when a case brings none. A path without a slash (`catalog`, `airflow`, `parameters`, `credentials`) is short
for `conf/base/<name>.yml`, `functions` for `src/shop/nodes.py`.

Keys of the head:
    expect     code, file:line (or `-`), and optionally a text of the message; may be repeated
    target     as `check --target`
    env        Kedro environment
    pipeline   instead of `__default__`
    options    `key=value` settings, as `--set`
    memory     `node=MiB`: what nodes took in an earlier run
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kedro_aloft.graph.costs import History

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kedro_aloft.rules import Finding

CORPUS = Path(__file__).parents[1] / "corpus"
PACKAGE = "shop"
_SHORT = {name: f"conf/base/{name}.yml" for name in ("catalog", "airflow", "parameters", "credentials")}
_SHORT["functions"] = f"src/{PACKAGE}/nodes.py"

_FILES = {
    "pyproject.toml": f'[tool.kedro]\npackage_name = "{PACKAGE}"\nproject_name = "{PACKAGE}"\n'
    'kedro_init_version = "1.2.0"\n',
    f"src/{PACKAGE}/__init__.py": "",
    f"src/{PACKAGE}/settings.py": "",
    f"src/{PACKAGE}/nodes.py": """\
def make(*anything):
    return 1


def same(x):
    return x


def pair(*anything):
    return 1, 2
""",
    "conf/base/catalog.yml": "{}\n",
    "conf/base/parameters.yml": "a: 1\n",
    "conf/local/.gitkeep": "",
}


@dataclass(frozen=True, kw_only=True)
class Expected:
    """A finding that must be there."""

    code: str
    place: str
    text: str = ""

    def is_in(self, findings: list[Finding]) -> bool:
        """Whether one of the findings is it."""
        return any(
            (one.code, one.place or "-") == (self.code, self.place) and self.text in one.message for one in findings
        )


@dataclass(frozen=True, kw_only=True)
class Case:
    """One text file of the corpus."""

    name: str
    expected: tuple[Expected, ...]
    head: Mapping[str, str]
    files: Mapping[str, str]
    better: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """For the names of tests."""
        return self.name

    @property
    def codes(self) -> frozenset[str]:
        """The codes that it is about."""
        return frozenset(one.code for one in self.expected)


def read_cases(folder: str) -> list[Case]:
    """Return the cases of a folder of the corpus, sorted by name."""
    return [read_case(path.stem, path.read_text(encoding="utf-8")) for path in sorted((CORPUS / folder).glob("*.txt"))]


def read_case(name: str, text: str) -> Case:
    """Return a case; what it says is in the module's docstring."""
    head, _, body = text.partition("\n---")
    files: dict[str, str] = {}
    better: dict[str, str] = {}
    into, path = files, ""
    for line in f"---{body}".splitlines(keepends=True):
        if line.startswith(("--- ", "+++ ")):
            into, path = (files if line[0] == "-" else better), line[4:].strip()
            path = _SHORT.get(path, path)
            into[path] = ""
        else:
            into[path] += line
    pairs = [line.partition(":")[::2] for line in head.splitlines()[1:] if line.strip()]
    expected = tuple(_expected(value) for key, value in pairs if key == "expect")
    settings = {key: value.strip() for key, value in pairs if key != "expect"}
    return Case(name=name, expected=expected, head=settings, files=files, better=better)


def _expected(text: str) -> Expected:
    code, place, *rest = text.split(maxsplit=2)
    return Expected(code=code, place=_with_long_name(place), text=rest[0] if rest else "")


def _with_long_name(place: str) -> str:
    name, colon, line = place.partition(":")
    return f"{_SHORT.get(name, name)}{colon}{line}"


def write_case(case: Case, root: Path, *, better: bool = False) -> Path:
    """Write the project of a case; return its path."""
    files = {**_FILES, **case.files, **(case.better if better else {})}
    nodes = {path: text for path, text in files.items() if path.partition(" ")[0] == "nodes"}
    files[f"src/{PACKAGE}/pipeline_registry.py"] = files.get(f"src/{PACKAGE}/pipeline_registry.py") or _registry(nodes)
    for path, text in files.items():
        if path not in nodes:
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    return root


def _history(case: Case) -> History:
    """What earlier runs taught of the case."""
    pairs = [pair.partition("=")[::2] for pair in case.head.get("memory", "").split()]
    return History(memory_mib={name: float(value) for name, value in pairs})


def _registry(nodes: Mapping[str, str]) -> str:
    named = {path.partition(" ")[2] or "__default__": text for path, text in nodes.items()}
    entries = [f'        "{name}": Pipeline([\n{text}\n]),\n' for name, text in named.items()]
    return (
        f"from kedro.pipeline import Pipeline, node, pipeline\nfrom {PACKAGE}.nodes import *\n\n\n"
        f"def register_pipelines():\n    return {{\n{''.join(entries)}    }}\n"
    )


def _a_task_per_node(root: Path) -> dict[str, str]:
    """Cases are about borders of tasks: every node has its own unless the case says otherwise."""
    written = (file.read_text(encoding="utf-8") for file in (root / "conf").rglob("airflow.y*ml"))
    return {} if any("group_by" in text for text in written) else {"group_by": "none"}


def check_case(case: Case, root: Path) -> list[Finding]:
    """Check the project of a case as `kedro airflow check` does, in this process; an error is a finding, too."""
    from kedro_aloft.compiler import Order, compile_project
    from kedro_aloft.errors import AloftError
    from kedro_aloft.project import open_project
    from kedro_aloft.rules import Finding, Severity
    from kedro_aloft.settings import parse_set

    for module in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[module]
    order = Order(
        pipelines=tuple(case.head[key] for key in ("pipeline",) if key in case.head),
        overrides={**_a_task_per_node(root), **parse_set(case.head.get("options", "").split())},
        least=Severity.INFO,
        target=case.head.get("target"),
        histories={PACKAGE: _history(case)},
        command="check",
    )
    try:
        (dag,) = compile_project(open_project(root, env=case.head.get("env")), order)
    except AloftError as error:
        return [Finding(code=error.code, severity=Severity.ERROR, message=str(error), where=error.where)]
    finally:
        sys.path[:] = [entry for entry in sys.path if not entry.startswith(str(root))]
    return list(dag.findings)
