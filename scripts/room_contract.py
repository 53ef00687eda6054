"""A contract for import-linter: a room imports what its line in pyproject.toml names, and nothing else.

import-linter's own contracts name what is forbidden, so that every new module and every new library has to be thought
of. Here what is allowed is named: `ours` rooms of the package, `libraries` from outside, the standard library always.
A room that does not exist yet keeps its contract.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from importlinter import Contract, ContractCheck, fields, output

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grimp import ImportGraph

PACKAGE = "kedro_aloft"


class RoomContract(Contract):
    """The modules of one room import from `ours` and `libraries` alone.

    Options of the contract: `room`, a module or package of ours without the package's name; `ours`, rooms that it may
    import beside itself; `libraries`, top-level modules from outside.
    """

    type_name = "room"

    # import-linter puts the parsed value in the field's place, which its types do not tell.
    room: Any = fields.StringField()
    ours: Any = fields.SetField(subfield=fields.StringField())
    libraries: Any = fields.SetField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001, ARG002 - signature of the port
        """Return whether every import of the room is allowed, with those that are not."""
        illegal = sorted(self._illegal(graph))
        return ContractCheck(kept=not illegal, metadata={"illegal": illegal})

    def _illegal(self, graph: ImportGraph) -> Iterator[tuple[str, str, int]]:
        """Yield importer, imported module and line of each import that is not allowed."""
        room = f"{PACKAGE}.{self.room}"
        if room not in graph.modules:
            return
        for importer in {room, *graph.find_descendants(room)}:
            for imported in graph.find_modules_directly_imported_by(importer):
                if not self._allowed(imported):
                    details = graph.get_import_details(importer=importer, imported=imported)
                    yield importer, imported, details[0]["line_number"]

    def _allowed(self, imported: str) -> bool:
        top, *rest = imported.split(".")
        if top == PACKAGE:
            # The package itself holds the version alone, and imports nothing.
            return not rest or rest[0] in {self.room, *self.ours}
        return top in sys.stdlib_module_names or top in self.libraries

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each import that is not allowed."""
        for importer, imported, line in check.metadata["illegal"]:
            output.print_error(f"{importer}:{line} imports {imported}", bold=False)
        allowed = sorted([*(f"{PACKAGE}.{name}" for name in self.ours), *self.libraries])
        output.print_error(f"allowed: {', '.join(allowed) or 'nothing'}, and the standard library", bold=False)
        output.new_line()
