"""Finds the model files that come inside installed packages, without importing those packages."""

from importlib.util import find_spec
from pathlib import Path

from msgspec import Struct

from pointsman.app.llama_settings import Weights


class Package(Struct, frozen=True, kw_only=True):
    """The model file `file` inside package `module`."""

    module: str
    file: str

    def find(self, models: Path) -> Weights | None:
        """Where the file is, or None when the package is not installed."""
        path = _inside(self.module, self.file)
        return None if path is None else Weights(file=str(path))


class SplitPackage(Struct, frozen=True, kw_only=True):
    """A model file cut into parts, one in each of several packages (module, path inside it). They are
    joined to `file` in the models folder when the model is first served."""

    file: str
    parts: tuple[tuple[str, str], ...]
    sha256: str

    def find(self, models: Path) -> Weights | None:
        """Where the parts are and where the whole goes, or None when one is not installed."""
        found = [_inside(module, path) for module, path in self.parts]
        parts = tuple(str(path) for path in found if path is not None)
        if len(parts) < len(self.parts):
            return None
        return Weights(file=str(models / self.file), parts=parts, sha256=self.sha256)


def is_installed(module: str) -> bool:
    """Whether the top-level `module` could be imported; nothing is imported."""
    return find_spec(module) is not None


def _inside(module: str, path: str) -> Path | None:
    spec = find_spec(module)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        file = Path(folder, path)
        if file.is_file():
            return file
    return None
