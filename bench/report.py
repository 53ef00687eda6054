"""docs/performance.md and its plots, made from bench/results.json alone: the same figures, the same bytes."""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from bench.budgets import read_budgets

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bench.figures import Figures

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "performance.md"
TEMPLATE = Path(__file__).with_name("performance.md.template")
IMAGES = ROOT / "docs" / "images"
OURS, THEIRS, OTHERS = "#1b7f79", "#c8553d", "#9aa5ab"

RUNS = {
    "spaceflights": "`examples/spaceflights`: 9 nodes",
    "layered_100": "100 small nodes in layers of ten",
    "chain_12": "A chain of 12 nodes that wait 0.3 s each",
    "branches": "Two heavy branches of 10 s of computing each",
}
VARIANTS = {
    "kedro-run-sequential": "`kedro run`",
    "kedro-run-thread": "`kedro run --runner ThreadRunner`",
    "kedro-run-parallel": "`kedro run --runner ParallelRunner`",
    "empty-task": "one empty Airflow task",
    "empty-tasks": "as many empty Airflow tasks",
    "one-task": "by hand: all in one task",
    "kedro-airflow": "kedro-airflow 0.11",
    "kedro-airflow-memory": "kedro-airflow 0.11, `--group-by memory`",
    "ours-none": "kedro-aloft, a task per node",
    "ours-memory": "kedro-aloft, `group_by: memory`, `mirrors: off`",
    "ours-auto": "kedro-aloft, `group_by: auto`, `mirrors: off`",
}
COMMANDS = {
    "kedro-airflow-create": "kedro-airflow 0.11: `create`",
    "ours-create": "`create --group-by none`",
    "ours-create-auto": "`create --group-by auto`",
    "ours-plan": "`plan --group-by none`",
    "ours-plan-auto": "`plan --group-by auto`",
}
TASKS = {
    "kedro-airflow": "kedro-airflow 0.11",
    "ours-fresh": "kedro-aloft, new process",
    "ours-warm": "kedro-aloft, warm",
}
MIRRORS = {"off": "`off`", "static": "`static`", "live": "`live`", "auto": "`auto`"}
FUSED = {
    "fused-12": "12 × 0.3 s, waiting",
    "fused-50": "50 × 0.1 s, computing",
    "fused-100": "100 × 0.1 s, computing",
    "fused-150": "150 × 0.1 s, computing",
    "fused-300": "300 × 0.1 s, computing",
}
WORK_S = (0.1, 0.3, 1.0)
PLACES = {
    "venv": "`venv`, `ExternalPythonOperator`",
    "docker": "`docker`, `DockerOperator`",
    "kubernetes": "`kubernetes`, `KubernetesPodOperator`",
}


DEPLOYS = {
    "first": "the first",
    "one-line": "one line of code changed",
    "nothing": "nothing changed",
}


def write(figures: Figures) -> None:
    """Write the page and the plots."""
    PAGE.write_text(page(figures), encoding="utf-8")
    _plot_runs(figures, IMAGES / "performance-runs.svg")
    _plot_create(figures, IMAGES / "performance-create.svg")


def page(figures: Figures) -> str:
    """Return the text of the page."""
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        machine=_machine(figures),
        budgets=_budgets(figures),
        runs="\n\n".join(_runs(figures, case, title) for case, title in RUNS.items()),
        fused=_fused(figures),
        visible=_visible(figures),
        create=_sizes(figures, "create", COMMANDS),
        parse=_sizes(
            figures,
            "parse",
            {
                "by-hand": "stock operators by hand",
                "kedro-airflow": "kedro-airflow 0.11",
                "ours": "kedro-aloft",
                "ours-live": "kedro-aloft, one task with live mirrors",
            },
            unit=1000,
        ),
        tasks=_tasks(figures),
        plugins=_plugins(figures),
        handoff=_handoff(figures),
        containers=_containers(figures),
        inside=_inside(figures),
        deploys=_deploys(figures),
    )


def _machine(figures: Figures) -> str:
    about = figures.about
    versions = ", ".join(f"{name} {number}" for name, number in sorted(about["versions"].items()))
    return (
        f"{about['date']}, {about['system']}, {about['cores']} cores, {about['memory_gib']} GiB, "
        f"Python {about['python']}, {about['slots']} slots for tasks; {versions}."
    )


def _budgets(figures: Figures) -> str:
    rows = []
    missed: dict[str, list[str]] = {}
    for budget in read_budgets():
        value = budget.measured(figures)
        kept = "not measured" if value is None else "✓" if budget.keeps(value) else "✗"
        rows.append((budget.name, "–" if value is None else f"{value:.3g}", budget.limit, kept))
        if kept == "✗":
            missed.setdefault(budget.missed or "not known why", []).append(budget.name)
    reasons = [f"- {'; '.join(names)}: {why}" for why, names in missed.items()]
    table = _table(("What", "Measured", "Limit", ""), rows)
    return "\n".join([table, "", "Not kept:", "", *reasons] if reasons else [table])


def _runs(figures: Figures, case: str, title: str) -> str:
    rows = []
    for variant, name in VARIANTS.items():
        if f"{case}.{variant}.makespan_s" in figures:
            part = [_text(figures, f"{case}.{variant}.{what}") for what in ("tasks_count", "makespan_s")]
            part += [_spread(figures, f"{case}.{variant}.makespan_s")]
            part += [_text(figures, f"{case}.{variant}.{what}") for what in ("first_s", "cpu_s", "peak_mib")]
            rows.append((name, *part))
    head = ("", "Tasks", "Seconds", "(from–to)", "First run", "CPU s", "Memory, MiB")
    return f"### {title}\n\n{_table(head, rows)}"


def _fused(figures: Figures) -> str:
    names = ("makespan_s", "beside_s", "tail_s", "cpu_s", "triggerer_s", "processor_s", "visible_s")
    rows = [
        (title, shown, *(_text(figures, f"{case}.{variant}.{name}") for name in names))
        for case, title in FUSED.items()
        for variant, shown in MIRRORS.items()
        if f"{case}.{variant}.makespan_s" in figures
    ]
    head = ("Nodes", "Mirrors", "Seconds", "Beside work", "Tail", "CPU s", "Triggerer", "DAG processor", "Visibility")
    return _table(head, rows)


def _visible(figures: Figures) -> str:
    rows = [
        (case.removeprefix("fused-"), *_shares(figures, f"{case}.live.node_s"))
        for case in FUSED
        if f"{case}.live.node_s" in figures
    ]
    return _table(("Nodes, live", "CPU ms per node", *(f"nodes of {seconds:g} CPU s" for seconds in WORK_S)), rows)


def _shares(figures: Figures, name: str) -> list[str]:
    if name not in figures:
        return ["–"] * (1 + len(WORK_S))
    each_s = figures.median(name)
    return [f"{each_s * 1000:.3g}", *(f"{each_s / seconds:.0%}" for seconds in WORK_S)]


def _sizes(figures: Figures, case: str, variants: dict[str, str], *, unit: int = 1) -> str:
    sizes = [size for size in (10, 100, 1000, 5000) if figures.variants(f"{case}-{size}", "cpu_s")]
    rows = [
        (name, *(_text(figures, f"{case}-{size}.{variant}.cpu_s", unit) for size in sizes))
        for variant, name in variants.items()
    ]
    return _table(("CPU ms" if unit == 1000 else "CPU s", *(f"{size:,} nodes" for size in sizes)), rows)


def _tasks(figures: Figures) -> str:
    rows = [
        (
            name,
            *(_text(figures, f"task-{size}.{variant}.cpu_s", 1000) for size in (100, 1000)),
            _text(figures, f"task-100.{variant}.peak_mib"),
            _text(figures, f"task-100.{variant}.waiting_mib"),
        )
        for variant, name in TASKS.items()
    ]
    head = ("", "100 nodes, CPU ms", "1,000 nodes, CPU ms", "Peak, MiB", "Private while it waits, MiB")
    return _table(head, rows)


def _plugins(figures: Figures) -> str:
    rows = [
        (
            f"{TASKS[variant]}, {name}",
            *(_text(figures, f"plugins-{few}.{variant}.{what}") for what in ("cpu_s", "wall_s", "peak_mib")),
        )
        for variant in ("kedro-airflow", "ours-fresh")
        for few, name in (("few", "kedro-telemetry alone"), ("many", "with kedro-viz and kedro-mlflow"))
    ]
    return _table(("", "CPU s", "Seconds", "Peak, MiB"), rows)


def _handoff(figures: Figures) -> str:
    rows = [
        ("write", *(_text(figures, f"handoff.{variant}.write_s") for variant in ("raw", "ours"))),
        ("read and touch every page", *(_text(figures, f"handoff.{name}") for name in ("raw.memcpy_s", "ours.read_s"))),
    ]
    return _table(("Seconds", "raw write, memcpy", "handoff"), rows)


def _containers(figures: Figures) -> str:
    names = ("bare.task_s", "imports.task_s", "ours.task_s", "ours.overhead_ratio")
    rows = [(title, *(_text(figures, f"{place}.{name}") for name in names)) for place, title in PLACES.items()]
    return _table(("Seconds of a task", "nothing", "the project's imports", "kedro-aloft", "overhead"), rows)


def _inside(figures: Figures) -> str:
    variants = {
        "imports": "the project's imports",
        "ours": "kedro-aloft: a node",
        "kedro-run": "`kedro run --nodes`: a node",
    }
    rows = [(title, _text(figures, f"docker.{variant}.cpu_s", 1000)) for variant, title in variants.items()]
    return _table(("In a container", "CPU ms"), rows)


def _deploys(figures: Figures) -> str:
    names = ("uploaded_kib", "cpu_s", "wall_s")
    rows = [(title, *(_text(figures, f"deploy.{one}.{name}") for name in names)) for one, title in DEPLOYS.items()]
    table = _table(("`deploy` of the example to a folder", "Uploaded, KiB", "CPU s", "Seconds"), rows)
    first = _text(figures, "deploy.local.first_task_s")
    return f"{table}\n\nSeconds from `deploy local --trigger` to the first task, Airflow being up: {first}."


def _text(figures: Figures, name: str, unit: float = 1) -> str:
    return f"{figures.median(name) * unit:.3g}" if name in figures else "–"


def _spread(figures: Figures, name: str) -> str:
    values = figures.samples[name]
    return f"{min(values):.3g}–{max(values):.3g}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plot_runs(figures: Figures, path: Path) -> None:
    """Bars of seconds per case and variant, on a logarithmic axis: the cases differ by orders of magnitude."""
    plt = _pyplot()
    cases = [case for case in RUNS if figures.variants(case, "makespan_s")]
    figure, axes = plt.subplots(1, len(cases), figsize=(3.4 * len(cases), 3.2), squeeze=False)
    for axis, case in zip(axes[0], cases, strict=True):
        shown = [
            name
            for name in ("ours-auto", "ours-none", "kedro-airflow", "kedro-run-sequential")
            if f"{case}.{name}.makespan_s" in figures
        ]
        values = [figures.median(f"{case}.{name}.makespan_s") for name in shown]
        bars = axis.barh(
            [VARIANTS[name].replace("`", "") for name in shown], values, color=[_colour(name) for name in shown]
        )
        axis.bar_label(bars, fmt="%.1f s", padding=2, fontsize=8)
        axis.set_title(case, fontsize=9)
        axis.set_xlim(0, max(values) * 1.25)
        axis.tick_params(labelsize=8)
        if axis is not axes[0][0]:
            axis.set_yticklabels([])
    _save(figure, path)


def _plot_create(figures: Figures, path: Path) -> None:
    plt = _pyplot()
    figure, axis = plt.subplots(figsize=(5, 3.2))
    for variant, colour in (("kedro-airflow-create", THEIRS), ("ours-create", OURS), ("ours-plan", OTHERS)):
        sizes = [size for size in (10, 100, 1000, 5000) if f"create-{size}.{variant}.cpu_s" in figures]
        values = [figures.median(f"create-{size}.{variant}.cpu_s") for size in sizes]
        axis.loglog(sizes, values, marker="o", color=colour, label=COMMANDS[variant].replace("`", ""))
    axis.set_xlabel("nodes", fontsize=8)
    axis.set_ylabel("CPU s", fontsize=8)
    axis.legend(fontsize=8)
    _save(figure, path)


def _colour(variant: str) -> str:
    return OURS if variant.startswith("ours") else THEIRS if variant.startswith("kedro-airflow") else OTHERS


def _pyplot():  # noqa: ANN202  a module
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "kedro-aloft"
    from matplotlib import pyplot as plt

    return plt


def _save(figure, path: Path) -> None:  # noqa: ANN001
    figure.tight_layout()
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
