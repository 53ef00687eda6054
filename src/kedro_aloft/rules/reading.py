"""From what a function's syntax shows to hits: rules on code yield `Sight`s, this makes sentences of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kedro_aloft.rules.finding import Hit, Severity, file
from kedro_aloft.rules.subject import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kedro_aloft.rules.subject import Subject
    from kedro_aloft.rules.syntax import Code


@dataclass(frozen=True, slots=True)
class Sight:
    """Something that a rule saw.

    Args:
        line: Where, in the file of the code, counted from 1.
        seen: What, as words of the rule's message.
        severity: Instead of the rule's own.
    """

    line: int
    seen: str
    severity: Severity | None = None


def told(
    look: Callable[[Code, Subject], Iterable[Sight]], message: str, remedy: str
) -> Callable[[Subject], Iterator[Hit]]:
    """Return a rule's `find` that looks at each function of nodes.

    Args:
        look: Yields what it saw in one function.
        message: With `{seen}` for the sight's words.
        remedy: What to do; braces are doubled, as in the message.
    """

    def find(subject: Subject) -> Iterator[Hit]:
        for code in subject.code:
            for sight in look(code, subject):
                yield Hit(
                    message=message.format(seen=sight.seen),
                    spot=file(code.file, sight.line),
                    where=f"node{'s' * (len(code.nodes) > 1)} {listed(code.nodes)}",
                    remedy=remedy.format(seen=sight.seen),
                    severity=sight.severity,
                )

    return find
