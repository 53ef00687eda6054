"""Why a task failed, and whether trying again can help."""

from __future__ import annotations

import traceback
from contextlib import suppress
from typing import TYPE_CHECKING

from kedro_aloft.contract.report import Failure
from kedro_aloft.errors import AloftError

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEVER_HEALS = (ImportError, NameError, NotImplementedError, SyntaxError)
"""Wherever they come from, the same code raises them again."""

_NEVER_HEALS_AROUND_NODES = (AttributeError, TypeError, ValueError, KeyError)
"""Before the first node these come from configuration, which does not change between tries."""

_CONFIGURATION_ERRORS = frozenset(
    {
        "CircularDependencyError",
        "DatasetNotFoundError",
        "KedroContextError",
        "MissingConfigException",
        "OmegaConfBaseException",
        "PipelineError",
        "YAMLError",
    }
)
"""Known by name, for the runtime imports neither OmegaConf nor YAML to ask for a class."""


def mark_node(error: BaseException, node: str) -> None:
    """Note on an exception which node raised it; the note survives the way out of another process."""
    with suppress(AttributeError):
        error._kedro_aloft_node = node  # type: ignore[attr-defined]


def describe_failure(error: Exception, *, node: str | None, started: bool) -> Failure:
    """Return the failure for a report.

    Args:
        error: What ended the run.
        node: The node that raised it; None when none did, or when nobody saw which.
        started: Whether a node may have started.
    """
    node = node or next((found for one in _chain(error) if (found := getattr(one, "_kedro_aloft_node", None))), None)
    started = started or node is not None
    cause = next((one for one in _chain(error) if isinstance(one, AloftError)), error)
    return Failure(
        type=f"{type(cause).__module__}.{type(cause).__qualname__}",
        message=str(cause),
        deterministic=is_deterministic(error, started=started),
        node=node,
        traceback="".join(traceback.format_exception(error)),
    )


def is_deterministic(error: Exception, *, started: bool) -> bool:
    """Whether a retry cannot help. In doubt it can: a node may fail for reasons that only its author knows.

    Args:
        error: What ended the run.
        started: Whether a node may have started.
    """
    chain = tuple(_chain(error))
    ours = next((one for one in chain if isinstance(one, AloftError)), None)
    if ours is not None:
        return ours.deterministic
    if any(isinstance(one, _NEVER_HEALS) or _names(one) & _CONFIGURATION_ERRORS for one in chain):
        return True
    if not started and not any(isinstance(one, OSError) for one in chain):
        return isinstance(error, _NEVER_HEALS_AROUND_NODES) or _is_dataset_error(error)
    return _dataset_cannot_hold_data(chain)


def _dataset_cannot_hold_data(chain: tuple[BaseException, ...]) -> bool:
    """Kedro's DatasetError around a type mistake: the dataset and the data do not fit, and never will."""
    return _is_dataset_error(chain[0]) and any(isinstance(one, (AttributeError, TypeError)) for one in chain[1:])


def _is_dataset_error(error: BaseException) -> bool:
    return "DatasetError" in _names(error)


def _names(error: BaseException) -> set[str]:
    return {cls.__name__ for cls in type(error).__mro__}


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        yield link
        seen.add(id(link))
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
