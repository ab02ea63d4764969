"""
A volume as Kubernetes mounts secrets and projected tokens.

    identity -> ..data/identity    ..data -> ..1
"""

import shutil
from collections.abc import Mapping
from pathlib import Path


def mounted(file: Path) -> Path:
    """Make *file* a link into the volume of its folder, which has no content yet, and return it."""
    file.symlink_to(Path("..data") / file.name)
    return file


def publish(folder: Path, files: Mapping[str, bytes]) -> None:
    """
    Replace the content of the volume *folder* by renaming the link ``..data``, and remove the old content.

    Args:
        folder: The folder.
        files: The content of each file.
    """
    link, fresh = folder / "..data", folder / "..data_tmp"
    before = link.resolve() if link.is_symlink() else None
    made = folder / f"..{int(before.name[2:]) + 1 if before is not None else 1}"
    made.mkdir()
    for name, content in files.items():
        (made / name).write_bytes(content)
    fresh.symlink_to(made.name)
    fresh.replace(link)
    if before is not None:
        shutil.rmtree(before)
