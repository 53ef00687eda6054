"""`check --fix`: the edits that findings bring with them, shown before they are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kedro_aloft.compiler import CompiledDag
    from kedro_aloft.project import Project
    from kedro_aloft.rules import Finding, Fix, RemoveKey, ReplaceText, SetKey


def fix_findings(project: Project, compiled: Sequence[CompiledDag], *, yes: bool) -> frozenset[Finding]:
    """Show what would change, ask, change it; return the findings that are repaired.

    Raises:
        UsageError: If there is nobody to ask (ALOFT-001).
    """
    from kedro_aloft.cli.console import agreed, count, marked, ok
    from kedro_aloft.cli.differences import print_lines
    from kedro_aloft.render import write_file

    texts: dict[Path, str] = {}
    fixable = {finding: dag for dag in compiled for finding in dag.findings if finding.fix}  # DAGs share settings
    fixed = [finding for finding, dag in fixable.items() if _edit(project, dag, finding, texts)]
    if not fixed:
        marked("i", "blue", "no finding can be repaired without you")
        return frozenset()
    for path, text in texts.items():
        print_lines(_text(path), text, path.relative_to(project.path).as_posix())
    if not (yes or agreed("Make these changes?", remedy="look at the changes above, then add --yes")):
        marked("i", "blue", "nothing was changed")
        return frozenset()
    for path, text in texts.items():
        write_file(path, _with_its_line_ends(path, text))
    done = frozenset(fixed)
    ok(f"repaired {count(len(done), 'finding')} in {count(len(texts), 'file')}")
    return done


def _edit(project: Project, dag: CompiledDag, finding: Finding, texts: dict[Path, str]) -> bool:
    """Add the edit to the texts; return whether that was possible."""
    from kedro_aloft.cli.console import marked
    from kedro_aloft.project import CannotEdit

    assert finding.fix
    try:
        path, text = _edited(project, dag, finding.fix, texts)
    except CannotEdit:
        marked("!", "yellow", f"[{finding.code}] {finding.place}: this file is left to you")
        return False
    texts[path] = text
    return True


def _edited(project: Project, dag: CompiledDag, fix: Fix, texts: dict[Path, str]) -> tuple[Path, str]:
    from kedro_aloft.project import remove_key, set_key
    from kedro_aloft.rules import ReplaceText, SetKey

    if isinstance(fix, ReplaceText):
        path = project.path / fix.file
        return path, _replaced(texts.get(path) or _text(path), fix)
    path, keys = _target(project, dag, fix)
    text = texts.get(path, _text(path))
    return path, set_key(text, keys, fix.value) if isinstance(fix, SetKey) else remove_key(text, keys)


def _target(project: Project, dag: CompiledDag, fix: SetKey | RemoveKey) -> tuple[Path, tuple[str | int, ...]]:
    place = project.places.find(dag.snapshot, fix.spot)
    if place is None:
        return project.airflow_file(), ("default", *fix.spot.keys)
    return project.path / place.file, place.path


def _replaced(text: str, fix: ReplaceText) -> str:
    from kedro_aloft.project import CannotEdit

    lines = text.splitlines(keepends=True)
    if fix.line > len(lines) or fix.old not in lines[fix.line - 1]:
        raise CannotEdit
    lines[fix.line - 1] = lines[fix.line - 1].replace(fix.old, fix.new, 1)
    return "".join(lines)


def _text(path: Path) -> str:
    from kedro_aloft.project import CannotEdit

    try:
        return path.read_text(encoding="utf-8") if path.is_file() else ""
    except UnicodeDecodeError as error:
        raise CannotEdit from error


def _with_its_line_ends(path: Path, text: str) -> str:
    """Return the text with the line ends of the file: those of Windows are read as others, and edits make others."""
    windows = path.is_file() and b"\r\n" in path.read_bytes()
    return text.replace("\n", "\r\n") if windows else text
