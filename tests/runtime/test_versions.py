"""One version per DAG run: a retry replaces its own, and nobody else's."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.contract.identity import RunIdentity

if TYPE_CHECKING:
    from conftest import Ran, Worker
    from support.projects import Project, ProjectBuilder

FUNCTIONS = """
    def make(text): note("make"); return text

    def use(text): note(text)
"""


def project_of(
    builder: ProjectBuilder, catalog: str = "data: {type: text.TextDataset, filepath: data/data.txt, versioned: true}"
) -> Project:
    return (
        builder.functions(FUNCTIONS)
        .pipeline(
            "__default__",
            "node(make, 'params:text', 'data', name='make'), node(use, 'data', None, name='use')",
        )
        .catalog(catalog)
        .parameters(text="first")
        .build()
    )


def make(
    worker: Worker, project: Project, text: str, version: str = "2026-01-02T03.04.05.678Z-0123abcd", **fields: Any
) -> Ran:
    return worker.task(project, "make", runtime_params={"text": text}, versioned=["data"], version=version, **fields)


def kept(project: Project, name: str = "data.txt") -> dict[str, str]:
    """Return the content of each version."""
    return {path.name: (path / name).read_text() for path in sorted((project.path / "data" / name).iterdir())}


CATALOGS = {
    "versioned": "data: {type: text.TextDataset, filepath: data/data.txt, versioned: true}",
    "cached": "data: {type: CachedDataset, versioned: true, dataset: {type: text.TextDataset, filepath: data/data.txt}}",  # noqa: E501
    "factory": '"{name}": {type: text.TextDataset, filepath: "data/{name}.txt", versioned: true}',
}


@pytest.mark.parametrize("kind", CATALOGS)
def test_a_retry_replaces_the_version_of_its_own_run_alone(worker: Worker, builder: ProjectBuilder, kind: str) -> None:
    project = project_of(builder, CATALOGS[kind])
    assert worker.kedro(project, "run").code == 0
    (before,) = kept(project)
    make(worker, project, "other run", "2026-01-02T03.04.05.678Z-ffffffff").ok()
    make(worker, project, "try one").ok()
    make(worker, project, "try two", try_number=2).ok()
    assert kept(project) == {
        before: "first",
        "2026-01-02T03.04.05.678Z-0123abcd": "try two",
        "2026-01-02T03.04.05.678Z-ffffffff": "other run",
    }


def test_without_being_told_a_task_replaces_nothing(worker: Worker, builder: ProjectBuilder) -> None:
    project = project_of(builder)
    make(worker, project, "one").ok()
    ran = worker.task(project, "make", runtime_params={"text": "two"})
    assert "must not exist if versioning is enabled" in ran.failure().message
    assert list(kept(project).values()) == ["one"]


def test_what_this_run_wrote_is_read_although_a_later_version_exists(worker: Worker, builder: ProjectBuilder) -> None:
    project = project_of(builder)
    make(worker, project, "mine").ok()
    make(worker, project, "later", "2027-01-01T00.00.00.000Z-00000000").ok()
    worker.task(project, "use", pinned=["data"]).ok()
    assert project.notes()[-1] == "mine"


def test_what_this_run_does_not_write_is_read_at_its_latest(worker: Worker, builder: ProjectBuilder) -> None:
    project = project_of(builder)
    make(worker, project, "old", "2025-01-01T00.00.00.000Z-00000000").ok()
    make(worker, project, "new", "2027-01-01T00.00.00.000Z-00000000").ok()
    worker.task(project, "use").ok()
    assert project.notes()[-1] == "new"


def test_load_versions_count_more_than_the_runs_own(worker: Worker, builder: ProjectBuilder) -> None:
    project = project_of(builder)
    make(worker, project, "old", "2025-01-01T00.00.00.000Z-00000000").ok()
    make(worker, project, "mine").ok()
    worker.task(project, "use", pinned=["data"], load_versions={"data": "2025-01-01T00.00.00.000Z-00000000"}).ok()
    assert project.notes()[-1] == "old"


def test_kedro_run_reads_our_versions_as_its_own(worker: Worker, builder: ProjectBuilder) -> None:
    project = project_of(builder)
    make(worker, project, "ours", "2999-01-01T00.00.00.000Z-00000000").ok()
    assert worker.kedro(project, "run", "--nodes=use").code == 0
    assert project.notes()[-1] == "ours"
    assert (
        worker.kedro(project, "run", "--nodes=use", "--load-versions=data:2999-01-01T00.00.00.000Z-00000000").code == 0
    )


def test_two_runs_of_one_instant_have_two_versions() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678_900, tzinfo=timezone.utc)
    versions = {RunIdentity(dag_id=dag, run_id=run, run_after=moment).version for dag in "ab" for run in "xy"}
    assert len(versions) == 4
    assert {version[:24] for version in versions} == {"2026-01-02T03.04.05.678Z"}


HALF = """
    from kedro.io import AbstractVersionedDataset
    from pathlib import Path, PurePosixPath

    class HalfDataset(AbstractVersionedDataset):
        '''Writes two lines and fails, or is stopped, between them.'''

        def __init__(self, filepath, version, how):
            super().__init__(PurePosixPath(filepath), version)
            self.how = how

        def save(self, data):
            path = Path(self._get_save_path())
            path.parent.mkdir(parents=True)
            with path.open("w") as file:
                file.write("half")
                file.flush()
                if self.how == "fail":
                    raise OSError("disk full")
                if self.how == "stop":
                    raise SystemExit(143)

        def load(self): return Path(self._get_load_path()).read_text()

        def _describe(self): return {}
"""


@pytest.mark.parametrize("how", ["fail", "stop"])
def test_a_version_that_was_not_written_to_its_end_is_removed(
    worker: Worker, builder: ProjectBuilder, how: str
) -> None:
    builder.file(f"src/{builder.package}/half.py", HALF)
    entry = f"data: {{type: {builder.package}.half.HalfDataset, filepath: data/data.txt, how: %s, versioned: true}}"
    project = project_of(builder, entry % "no")
    make(worker, project, "whole", "2025-01-01T00.00.00.000Z-00000000").ok()
    project.write("conf/base/catalog.yml", entry % how)
    ran = make(worker, project, "broken")
    if how == "fail":
        assert ran.failure().node == "make"
        assert not ran.failure().deterministic
    else:
        assert (ran.report, ran.code) == (None, 70)
        assert "SystemExit: 143" in ran.text
    assert list(kept(project)) == ["2025-01-01T00.00.00.000Z-00000000"]
    assert "Removed 'data' of this run: it was not written to its end." in ran.text


def test_a_version_that_is_a_directory_is_replaced_whole(worker: Worker, builder: ProjectBuilder) -> None:
    builder.file(
        f"src/{builder.package}/folder.py",
        """
        from kedro.io import AbstractVersionedDataset
        from pathlib import Path, PurePosixPath

        class FolderDataset(AbstractVersionedDataset):
            def __init__(self, filepath, version): super().__init__(PurePosixPath(filepath), version)

            def save(self, data):
                path = Path(self._get_save_path())
                path.mkdir(parents=True)
                (path / data).write_text(data)

            def load(self): return sorted(path.name for path in Path(self._get_load_path()).iterdir())

            def _describe(self): return {}
        """,
    )
    project = project_of(
        builder, f"data: {{type: {builder.package}.folder.FolderDataset, filepath: data/data, versioned: true}}"
    )
    make(worker, project, "one").ok()
    make(worker, project, "two").ok()
    assert [path.name for path in Path(project.path, "data").rglob("*") if path.is_file()] == ["two"]


def test_the_parallel_runner_can_be_retried_too(worker: Worker, builder: ProjectBuilder) -> None:
    project = project_of(builder)
    make(worker, project, "one", runner="ParallelRunner").ok()
    make(worker, project, "two", runner="ParallelRunner").ok()
    assert list(kept(project).values()) == ["two"]
