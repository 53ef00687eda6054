"""What the server keeps, because every fork would work it out again with the same result.

Parsing a catalog of 1,000 entries takes 0.2 CPU seconds, asking 200 distributions for their plugins 0.01.

Kedro 1.7 has split its OmegaConf loader into reading and resolving "so callers can cache the parse". Both names are
private: a Kedro without them works without this cache. Source: Kedro 1.7 `config/omegaconf_config.py`.
"""

from __future__ import annotations

import functools
import importlib.metadata
import inspect
import os
import pickle
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, get_type_hints

_KEYS = ("catalog", "parameters", "globals")
"""Never credentials: no secret stays in the server."""

_RESOLVERS = ("_get_globals_value", "_get_runtime_value")
"""Methods of Kedro's loader."""

_READ, _RESOLVE = "_read_raw_config", "_resolve_from_raw_config"


def keep_parsed_config(settings: Any, *, conf_source: str, env: str | None) -> None:
    """Parse the configuration of one Kedro environment now, and let forks of this process reuse it.

    Args:
        settings: Kedro's settings of the project.
        conf_source: Configuration directory; an archive is left alone.
        env: Kedro environment; None for the default.
    """
    loader_class: Any = settings.CONFIG_LOADER_CLASS
    if not (os.path.isdir(conf_source) and hasattr(loader_class, _READ) and hasattr(loader_class, _RESOLVE)):  # noqa: PTH112
        return
    if not _is_ours_to_cache(loader_class):
        return
    cache = _Cache(getattr(loader_class, _READ), getattr(loader_class, _RESOLVE))
    # Functions, which become methods of each loader.
    setattr(loader_class, _READ, lambda loader, key: cache.read(loader, key))  # noqa: PLW0108
    setattr(loader_class, _RESOLVE, lambda loader, key, *parts: cache.resolve(loader, key, *parts))  # noqa: PLW0108
    loader = loader_class(conf_source=conf_source, env=env, runtime_params=None, **_plain_arguments(settings))
    for key in _KEYS:
        with suppress(Exception):  # the task tells what is wrong with it
            cache.prime(loader, key)
    with suppress(Exception):
        _look_for_credentials(loader)


def keep_configured(package: str, *, project_path: str) -> None:
    """Keep the settings and the registry of pipelines that are loaded now: a fork need not configure them again.

    What they depend on, `pyproject.toml` among it, is watched like everything that the imports depend on.

    Args:
        package: Python package of the project.
        project_path: Where the project is.
    """
    from kedro.framework import project, startup

    _keep_metadata(startup, Path(project_path))
    configure = project.configure_project

    def configure_project(package_name: str, *arguments: Any, **options: Any) -> None:
        if package_name != package:
            configure(package_name, *arguments, **options)

    for module in (project, startup):
        setattr(module, "configure_project", configure_project)  # noqa: B010  as the type checker wants it


def _keep_metadata(startup: Any, path: Path) -> None:
    name = "_get_project_metadata"
    read = getattr(startup, name, None)
    if read is None or not (path / "pyproject.toml").is_file():
        return
    place = path.expanduser().resolve()  # as Kedro asks
    known = read(place)
    setattr(startup, name, lambda project_path: known if project_path == place else read(project_path))


def keep_answers(settings: Any) -> None:
    """Ask what every fork would ask, of those who remember their answers.

    Args:
        settings: Kedro's settings of the project.
    """
    isinstance("", Mapping)  # with each log record; Python forgets the answer whenever a class is registered as one
    with suppress(Exception):
        from kedro.io import CatalogConfigResolver
        from kedro.io.core import parse_dataset_definition

        patterns = settings.DATA_CATALOG_CLASS.default_runtime_patterns  # of datasets that the catalog does not name
        parse_dataset_definition(CatalogConfigResolver(default_runtime_patterns=patterns).resolve_pattern("x"))
    with suppress(Exception):
        for name in _RESOLVERS:
            resolver = getattr(settings.CONFIG_LOADER_CLASS, name)
            # As texts OmegaConf compiles them each time that a loader tells it of its resolvers.
            resolver.__annotations__ = get_type_hints(resolver, include_extras=True)
            resolver.__signature__ = inspect.signature(resolver)


def keep_dataset_classes() -> None:
    """Look for each class of datasets once: Kedro tries to import three modules, two of which hardly ever exist."""
    from kedro.io import core

    find = getattr(core, "_load_obj", None)
    if find is not None:
        setattr(core, "_load_obj", functools.cache(find))  # noqa: B010  as the type checker wants it


def keep_entry_points(group: str) -> None:
    """Look for installed distributions and their entry points once. Installations are watched like the code.

    The name of a distribution, too: to tell it, Python takes its whole description apart as an e-mail.

    Args:
        group: Entry points that every fork asks for.
    """
    metadata: Any = importlib.metadata
    read = metadata.Distribution.entry_points.fget
    find, select, seen_path = metadata.distributions, metadata.entry_points, list(sys.path)
    distributions = list(find())
    kept = {id(one): read(one) for one in distributions}  # whose ids are theirs for good: the list keeps them
    selected = select(group=group)
    owners = [one.dist for one in selected if one.dist is not None]
    names = {id(one): one.name for one in owners}
    name_of = metadata.Distribution.name.fget

    def keep_distributions(**options: Any) -> Any:
        return find(**options) if options or sys.path != seen_path else iter(distributions)

    def keep_selected(**options: Any) -> Any:
        return selected if options == {"group": group} and sys.path == seen_path else select(**options)

    metadata.distributions = keep_distributions
    metadata.entry_points = keep_selected
    metadata.Distribution.entry_points = property(lambda one: kept[id(one)] if id(one) in kept else read(one))
    metadata.Distribution.name = property(lambda one: names[id(one)] if id(one) in names else name_of(one))


def _look_for_credentials(loader: Any) -> None:
    """Look for files of credentials as each task will, and read none: what remains are compiled patterns of names."""
    for path in {loader._get_conf_env_path(env) for env in (loader.base_env, loader.env or loader.default_run_env)}:  # noqa: SLF001
        for pattern in loader.config_patterns["credentials"]:
            loader._fs.glob(Path(f"{path}/{pattern}").as_posix())  # noqa: SLF001


def _is_ours_to_cache(loader_class: Any) -> bool:
    """Whether the project uses Kedro's own loader: in a subclass, anything may depend on anything."""
    from kedro.config import OmegaConfigLoader

    return loader_class is OmegaConfigLoader


def _plain_arguments(settings: Any) -> dict[str, Any]:
    """The loader's arguments without the project's resolvers, which the server must not run."""
    arguments = dict(settings.CONFIG_LOADER_ARGS)
    arguments.pop("custom_resolvers", None)
    return arguments


class _Cache:
    """What was parsed, by loader options and key, as long as the files are the same."""

    def __init__(self, read: Any, resolve: Any) -> None:
        self._read = read
        self._resolve = resolve
        self._parsed: dict[Any, tuple[Any, Any]] = {}
        self._resolved: dict[Any, tuple[Any, bytes]] = {}

    def prime(self, loader: Any, key: str) -> None:
        """Parse; and resolve what has no interpolation, which is the same whenever and wherever it is resolved."""
        parts = self.read(loader, key)
        if key == "catalog" and all(_is_plain(_container(config)) for files in parts[:2] for config in files.values()):
            resolved = pickle.dumps(self._resolve(loader, key, *parts))
            self._resolved[_identity(loader, key)] = (_identities(parts), resolved)

    def read(self, loader: Any, key: str) -> Any:
        """Stand in for `_read_raw_config`."""
        if key not in _KEYS or getattr(loader, "_protocol", "") != "file":
            return self._read(loader, key)
        identity, state = _identity(loader, key), _state(loader)
        found = self._parsed.get(identity)
        if found is None or found[0] != state:
            found = self._parsed[identity] = (state, self._read(loader, key))
        base, env, base_path, env_path, files = found[1]
        return dict(base), dict(env), base_path, env_path, set(files)

    def resolve(self, loader: Any, key: str, *parts: Any) -> Any:
        """Stand in for `_resolve_from_raw_config`."""
        found = self._resolved.get(_identity(loader, key))
        if found is None or found[0] != _identities(parts):
            return self._resolve(loader, key, *parts)
        return pickle.loads(found[1])  # noqa: S301  our own, and twice as fast as a deep copy


def _identity(loader: Any, key: str) -> Any:
    options = (loader.conf_source, loader.env, loader.base_env, loader.default_run_env, loader.config_patterns.get(key))
    return (key, repr(options), repr(loader.merge_strategy), getattr(loader, "ignore_hidden", None))


def _identities(parts: tuple[Any, ...]) -> Any:
    """The parsed objects themselves: equal files parsed anew are other objects."""
    return [sorted((str(path), id(config)) for path, config in files.items()) for files in parts[:2]]


def _state(loader: Any) -> Any:
    """What `stat` says about every file of the two environments."""
    return [_tree(loader._get_conf_env_path(env)) for env in (loader.base_env, loader.env or loader.default_run_env)]  # noqa: SLF001


def _tree(path: str) -> list[Any]:
    found: list[Any] = []
    for folder, _, names in os.walk(path):
        for name in names:
            with suppress(OSError):
                seen = os.stat(os.path.join(folder, name))  # noqa: PTH116, PTH118  with every task
                found.append((folder, name, seen.st_mtime_ns, seen.st_size, seen.st_ino))
    return sorted(found)


def _container(config: Any) -> Any:
    from kedro.config import omegaconf_config

    module: Any = omegaconf_config  # whose OmegaConf `compat` replaces
    return module.OmegaConf.to_container(config, resolve=False)


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_is_plain(key) and _is_plain(one) for key, one in value.items())
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return not (isinstance(value, str) and "${" in value)
