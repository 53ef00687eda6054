"""Images of a project: what goes in, how it is built, and that it works.

    project ──context──▶ files + content tag ──build──▶ image ──smoke test──▶ reference (by digest once it is pushed)
                └──spark──▶ package: an archive, a launcher and an installation for clusters

No Kedro and no Airflow here; the engine is asked through its command line.
"""

from kedro_aloft.images.build import Engine, build_image, push_image, smoke_test
from kedro_aloft.images.content import find_secret, goes_along, project_files
from kedro_aloft.images.context import Context, collect_context, write_context
from kedro_aloft.images.dockerfile import write_dockerfile
from kedro_aloft.images.record import BuiltImage, built_reference, read_built, write_built
from kedro_aloft.images.requirements import project_requirements
from kedro_aloft.images.spark import Package, build_package, write_package

__all__ = [
    "BuiltImage",
    "Context",
    "Engine",
    "Package",
    "build_image",
    "build_package",
    "built_reference",
    "collect_context",
    "find_secret",
    "goes_along",
    "project_files",
    "project_requirements",
    "push_image",
    "read_built",
    "smoke_test",
    "write_built",
    "write_context",
    "write_dockerfile",
    "write_package",
]
