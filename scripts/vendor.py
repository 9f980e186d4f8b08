"""Refreshes static/vendor/ and the icon sprite from their packages, through `npm pack`. For maintainers, by hand.

    python scripts/vendor.py                              everything anew, in the versions below
    python scripts/vendor.py add-icons printer qrcode     cut further icons into the sprite
    python scripts/vendor.py drop-icons qrcode            take icons out that no page uses any more

What was taken from where stands in static/vendor/vendor.lock.json; a test hashes the files again.
"""

import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STATIC = Path(__file__).parents[1] / "static"
LOCK = STATIC / "vendor" / "vendor.lock.json"
SPRITE = STATIC / "icons.svg"


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    files: dict[str, str]  # where a file goes in static/ → where it is in the package
    licence: str  # SPDX
    licence_file: str | None  # None: the package has no text of it, ours is kept in licences/ by hand


PACKAGES = (
    Package("htmx.org", "4.0.1", {"vendor/htmx.min.js": "dist/htmx.min.js"}, "0BSD", "LICENSE"),
    Package("@tabler/core", "1.6.1", {"vendor/tabler.min.css": "dist/css/tabler.min.css"}, "MIT", None),
    Package("chart.js", "4.6.1", {"vendor/chart.umd.min.js": "dist/chart.umd.min.js"}, "MIT", "LICENSE.md"),
)
ICONS = Package("@tabler/icons", "3.51.0", {"icons.svg": "icons/outline/"}, "MIT", "LICENSE")


def main(arguments: list[str]) -> None:
    command, *names = arguments or ["refresh"]
    icons = set(re.findall(r'<symbol id="([a-z0-9-]+)"', SPRITE.read_text()) if SPRITE.exists() else ())
    if command == "add-icons":
        icons |= set(names)
    elif command == "drop-icons":
        icons -= set(names)
    elif command != "refresh":
        sys.exit(__doc__)
    lock = json.loads(LOCK.read_text()) if LOCK.exists() else []
    if command == "refresh":
        lock = [entry for package in PACKAGES for entry in take(package)]
    lock = [entry for entry in lock if entry["package"] != ICONS.name] + cut_icons(sorted(icons))
    LOCK.write_text(json.dumps(lock, indent=2) + "\n")


def take(package: Package) -> list[dict[str, str]]:
    """Copy the package's files and its licence; returns their entries in the lock."""
    with tempfile.TemporaryDirectory() as folder:
        integrity, root = unpack(package, Path(folder))
        for target, source in package.files.items():
            (STATIC / target).write_bytes((root / source).read_bytes())
        keep_licence(package, root)
    return [entry_of(package, integrity, target) for target in package.files]


def cut_icons(names: list[str]) -> list[dict[str, str]]:
    """Make the sprite of these icons; returns its entry in the lock."""
    with tempfile.TemporaryDirectory() as folder:
        integrity, root = unpack(ICONS, Path(folder))
        symbols = [symbol(name, (root / "icons/outline" / f"{name}.svg").read_text()) for name in names]
        keep_licence(ICONS, root)
    head = '<svg xmlns="http://www.w3.org/2000/svg" fill="none" stroke="currentColor" stroke-width="2"'
    head += ' stroke-linecap="round" stroke-linejoin="round">\n'
    SPRITE.write_text(head + "".join(symbols) + "</svg>\n")
    return [entry_of(ICONS, integrity, "icons.svg")]


def symbol(name: str, svg: str) -> str:
    shapes = re.findall(r"<(?:path|circle|rect|line|ellipse|polyline|polygon)\b[^>]*/>", svg)
    drawn = [re.sub(r"\s+", " ", shape) for shape in shapes if "M0 0h24v24H0z" not in shape]
    return f'<symbol id="{name}" viewBox="0 0 24 24">{"".join(drawn)}</symbol>\n'


def unpack(package: Package, folder: Path) -> tuple[str, Path]:
    """Fetch a package; returns the integrity of its archive, and the folder with what was in it."""
    command = ["npm", "pack", f"{package.name}@{package.version}", "--json", "--silent"]
    packed: Any = json.loads(subprocess.run(command, cwd=folder, check=True, capture_output=True).stdout)
    archive = next(folder.glob("*.tgz"))
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return packed[0]["integrity"], folder / "package"


def keep_licence(package: Package, root: Path) -> None:
    if package.licence_file:
        licence_path(package).write_bytes((root / package.licence_file).read_bytes())


def licence_path(package: Package) -> Path:
    return STATIC / "vendor" / "licences" / f"{package.name.strip('@').replace('/', '-')}.txt"


def entry_of(package: Package, integrity: str, file: str) -> dict[str, str]:
    return {
        "package": package.name,
        "version": package.version,
        "integrity": integrity,
        "file": file,
        "sha256": hashlib.sha256((STATIC / file).read_bytes()).hexdigest(),
        "licence": package.licence,
        "licence_file": licence_path(package).relative_to(STATIC).as_posix(),
    }


if __name__ == "__main__":
    main(sys.argv[1:])
