"""Whether Python can read a DAG file, without reading thousands of statements that are alike."""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_LITERAL = re.compile(r"""'[^'\\\n]*(?:\\.[^'\\\n]*)*'|"[^"\\\n]*(?:\\.[^"\\\n]*)*\"""")
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_NAMES = rf"(?:{_NAME}|\[{_NAME}(?:, {_NAME})*\])"
_ASSIGNED = re.compile(rf"\n( +){_NAME} = ")  # `\n` is looked for faster than `^`
_EDGE = re.compile(rf"\n +{_NAMES} >> {_NAMES}(?=\n|\Z)")


def check_readable(head: str, body: str, *, variables: Collection[str]) -> None:
    """Refuse what is no Python.

    To compile 5,000 tasks takes a third of the time of rendering them. Texts in quotes and the names of variables are
    all that most of them differ in; of statements that are the same without these one is compiled.

    Args:
        head: All above the body, with the line that opens its block.
        body: The indented block, statements with an empty line between them.
        variables: The names of its variables.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: As `compile` does.
    """
    wrong = [name for name in variables if not name.isidentifier() or keyword.iskeyword(name)]
    if wrong:
        msg = f"no names of variables: {', '.join(wrong)}"
        raise SyntaxError(msg)
    plain = _EDGE.sub("", _ASSIGNED.sub(r"\n\1_ = ", _LITERAL.sub('""', f"\n{body}")))
    distinct = dict.fromkeys(plain.strip("\n").split("\n\n"))
    blocks = "\n".join(f"if _:\n{block}" for block in distinct if block)
    compile(f"{head}\n    pass\n{blocks}\n", "<DAG file>", "exec", dont_inherit=True)
