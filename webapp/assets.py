"""Static files under names that carry their hash, compressed once: a browser keeps them for ever and never asks again.

When the app starts, static/ is copied to a folder of hashed names, each file beside its Brotli and gzip form. Names
depend on the content alone, so several processes may do it at once, and files of the version before stay in place
for the pages that are still open.
"""

import functools
import gzip
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import brotli
from flask import Flask
from whitenoise import WhiteNoise

from webapp.security import HEADERS
from webapp.settings import Settings

SOURCE = Path(__file__).parents[1] / "static"
ADDRESS = "/static/"
COMPRESSED = (".css", ".js", ".svg", ".txt")
PUBLISHED = (*COMPRESSED, ".png")  # a picture is compressed already
HASH_LENGTH = 12


def init_app(app: Flask, settings: Settings) -> None:
    folder = Path(settings.assets_folder).resolve()
    addresses = publish(SOURCE, folder)
    icons = icon_names(SOURCE / "icons.svg")

    def asset(name: str) -> str:
        """The address of a file of static/, like `site.css`."""
        return addresses[name]

    def icon_address(name: str) -> str:
        """The address of an icon. KeyError if the sprite lacks it: `scripts/vendor.py add-icons` cuts it in."""
        if name not in icons:
            raise KeyError(f"static/icons.svg has no icon {name!r}")
        return f"{addresses['icons.svg']}#{name}"

    app.add_template_global(asset)
    app.add_template_global(icon_address)
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app,
        root=folder,
        prefix=ADDRESS,
        immutable_file_test=lambda _path, _url: True,
        allow_all_origins=False,
        add_headers_function=_add_headers,
    )


def _add_headers(headers: "dict[str, str]", _path: str, _url: str) -> None:
    for name in ("X-Content-Type-Options", "Cross-Origin-Resource-Policy"):
        headers[name] = HEADERS[name]


@functools.cache
def publish(source: Path, folder: Path) -> dict[str, str]:
    """Copy the files to their hashed names; returns the address of each by its plain name."""
    return {name: _published(source / name, name, folder) for name in _names(source)}


def _names(source: Path) -> Iterator[str]:
    for path in sorted(source.rglob("*")):
        if path.suffix in PUBLISHED:
            yield path.relative_to(source).as_posix()


def _published(path: Path, name: str, folder: Path) -> str:
    content = path.read_bytes()
    stem, _, suffix = name.rpartition(".")
    hashed = f"{stem}.{hashlib.sha256(content).hexdigest()[:HASH_LENGTH]}.{suffix}"
    target = folder / hashed
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        # The plain file comes last: where it is, its compressed forms are complete.
        if path.suffix in COMPRESSED:
            _write(target.with_name(target.name + ".br"), brotli.compress(content))
            _write(target.with_name(target.name + ".gz"), gzip.compress(content, mtime=0))
        _write(target, content)
    return ADDRESS + hashed


def _write(target: Path, content: bytes) -> None:
    """Under another name first: whoever looks sees a whole file or none."""
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
        file.write(content)
        os.fchmod(file.fileno(), 0o644)
    Path(file.name).replace(target)


def icon_names(sprite: Path) -> frozenset[str]:
    """The icons that are cut into the sprite."""
    return frozenset(re.findall(r'<symbol id="([a-z0-9-]+)"', sprite.read_text()))
