"""File format of a handed-over object: exact, fast, checked.

    magic, padded to 64 bytes
    out-of-band buffers, each aligned (a page when large, so that it can be mapped)
    pickle stream (protocol 5)
    index (JSON): where buffers and stream are; which pickler, Python, libraries and code wrote them
    trailer: offset and length of the index, xxh3 checksum of all before the trailer, magic

Pickle gives back exactly what was saved, which no table format does. Large arrays are written as they lie in memory
and read by a private copy-on-write mapping: no copy, writable, and the file never changes.
"""

from __future__ import annotations

import copyreg
import gc
import importlib
import io
import json
import mmap
import os
import pickle
import struct
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from kedro_aloft.errors import HandoffError
from kedro_aloft.runtime import arrow
from kedro_aloft.runtime.origin import differences, origin_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import xxhash

_MAGIC = b"ALOFTHO1"
_TRAILER = struct.Struct("<QQQ8s")
_ALIGN = 64
_PAGE = 4096
_LARGE = 1 << 16
_WRITE_CHUNK = 1 << 30


def _library(name: str) -> Any:
    """Import what a project's own environment (`execution: venv`) may lack, and only a handoff needs."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise HandoffError(
            f"Handing data over needs the library {name}.",
            where=sys.executable,
            remedy=f"install kedro-aloft (or {name} alone) in that environment",
        ) from None


def _checksum(data: Any = b"") -> xxhash.xxh3_64:
    return _library("xxhash").xxh3_64(data)  # type: ignore[no-any-return]


@dataclass(slots=True)
class _Writer:
    """Writes, counts and checksums."""

    file: IO[bytes]
    position: int = 0
    checksum: xxhash.xxh3_64 = field(default_factory=_checksum)

    def write(self, data: bytes | memoryview) -> tuple[int, int]:
        """Append bytes; return their offset and length."""
        offset, view = self.position, memoryview(data).cast("B")
        self.checksum.update(view)
        for start in range(0, view.nbytes, _WRITE_CHUNK):
            self.file.write(view[start : start + _WRITE_CHUNK])
        self.position += view.nbytes
        return offset, view.nbytes

    def align(self, boundary: int) -> None:
        """Fill up with zeros to the next multiple of `boundary`."""
        self.write(bytes(-self.position % boundary))


def dump(value: Any, path: Path) -> int:
    """Write a value to a new file that only its owner can read.

    Returns:
        Size of the file in bytes.

    Raises:
        HandoffError: If the value cannot be pickled, not even by cloudpickle.
    """
    stream, buffers, pickler = _pickle(value)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        writer = _Writer(file)
        writer.write(_MAGIC)
        places = [_write_buffer(writer, buffer) for buffer in buffers]
        writer.align(_ALIGN)
        origin = {"pickler": pickler, "python": _python(), **origin_of(stream)}
        index = {"stream": writer.write(stream), "buffers": places, **origin}
        offset, length = writer.write(json.dumps(index).encode())
        digest = writer.checksum.intdigest()
        file.write(_TRAILER.pack(offset, length, digest, _MAGIC))
    return writer.position + _TRAILER.size


def load(path: Path) -> Any:
    """Read a value back.

    The checksum is always compared: 0.07 s per GB, since it reads pages that the data's user needs anyway (facts,
    runtime B), and a flipped bit in an array would otherwise be a wrong result that nobody notices.

    Raises:
        HandoffError: If the file is incomplete, damaged, was written by another version of Python, of a library or of
            the project's code, or names code that this process does not have.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size < _TRAILER.size:
            raise _damaged(path, "it is too short")
        mapped = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
    index = _read_index(mapped, path)
    _refuse_strangers(index, path)
    buffers = [mapped[offset : offset + length] for offset, length in index["buffers"]]
    offset, length = index["stream"]
    return _unpickle(mapped[offset : offset + length], buffers, path)


def _refuse_strangers(index: dict[str, Any], path: Path) -> None:
    """Refuse what other versions wrote before any of it is unpickled."""
    if index["python"] != _python():
        raise _damaged(path, f"Python {index['python']} wrote it, this is {_python()}")
    different = list(differences(index))
    if different:
        raise HandoffError(
            f"The handed-over file '{path.name}' was written with other versions than this task has.",
            where=str(path.parent),
            seen="; ".join(different),
            remedy="run both tasks with the same libraries and the same code, then clear the task that writes it",
        )


def _unpickle(stream: memoryview, buffers: list[memoryview], path: Path) -> Any:
    """The file is whole, so what fails now is the object's own code; except for the machine's troubles, which pass."""
    try:
        with _no_garbage_collection():
            return pickle.loads(stream, buffers=buffers)  # noqa: S301  written by another task of this run
    except (MemoryError, OSError):
        raise
    except Exception as error:
        raise HandoffError(
            f"The handed-over file '{path.name}' cannot be turned back into an object.",
            where=str(path.parent),
            seen=f"{type(error).__name__}: {error}",
            remedy="run both tasks with the same code and the same versions of libraries, then clear the task that "
            "writes it",
        ) from error


def _read_index(mapped: memoryview, path: Path) -> dict[str, Any]:
    offset, length, digest, magic = _TRAILER.unpack(mapped[-_TRAILER.size :])
    if magic != _MAGIC or bytes(mapped[: len(_MAGIC)]) != _MAGIC or offset + length + _TRAILER.size != mapped.nbytes:
        raise _damaged(path, "it is incomplete")
    if _checksum(mapped[: -_TRAILER.size]).intdigest() != digest:
        raise _damaged(path, "its checksum differs")
    return json.loads(bytes(mapped[offset : offset + length]))  # type: ignore[no-any-return]


def _pickle(value: Any) -> tuple[bytes, list[pickle.PickleBuffer], str]:
    """Pickle with the standard library; objects that it refuses (lambdas, local classes) with cloudpickle."""
    cloudpickle = _library("cloudpickle")
    failures = []
    for name, dumps in (("pickle", _dumps), ("cloudpickle", cloudpickle.dumps)):
        buffers: list[pickle.PickleBuffer] = []
        try:
            with _no_garbage_collection():
                return _contiguous(dumps, value, buffers), buffers, name
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001  an object's own __reduce__ may raise anything
            failures.append(f"{name}: {type(error).__name__}: {error}")
    raise HandoffError(
        f"A {type(value).__module__}.{type(value).__qualname__} cannot be pickled.", seen="; ".join(failures)
    )


def _dumps(value: Any, *, protocol: int, buffer_callback: Callable[[pickle.PickleBuffer], bool]) -> bytes:
    """Pickle, tables of polars as Arrow: by itself polars writes a copy of all data into the stream."""
    file = io.BytesIO()
    pickler = pickle.Pickler(file, protocol, buffer_callback=buffer_callback)
    if "polars" in sys.modules:
        pickler.dispatch_table = {**copyreg.dispatch_table, **arrow.reducers()}
    pickler.dump(value)
    return file.getvalue()


def _contiguous(dumps: Callable[..., bytes], value: Any, buffers: list[pickle.PickleBuffer]) -> bytes:
    """Keep contiguous buffers out of the stream; others must go into it."""

    def keep_out(buffer: pickle.PickleBuffer) -> bool:
        try:
            buffer.raw().release()
        except BufferError:
            return True
        buffers.append(buffer)
        return False

    return dumps(value, protocol=5, buffer_callback=keep_out)


def _write_buffer(writer: _Writer, buffer: pickle.PickleBuffer) -> tuple[int, int]:
    with buffer.raw() as raw:
        writer.align(_PAGE if raw.nbytes >= _LARGE else _ALIGN)
        return writer.write(raw)


def _python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _damaged(path: Path, why: str) -> HandoffError:
    return HandoffError(
        f"The handed-over file '{path.name}' cannot be read: {why}.",
        where=str(path.parent),
        remedy="clear the task that writes it, so that it is written again",
    )


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Millions of small objects make the collector run in vain; it costs up to half of the time (facts, runtime B)."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
