"""The starter set: complaints written for this project, so that a fresh machine has something to learn from."""

from pathlib import Path

from training.errors import StarterMissing

FOLDER = Path(__file__).parent / "starter"


def starter_files(folder: Path = FOLDER) -> tuple[Path, ...]:
    """Return the files of the starter set, sorted by name; they are read like a person's own.

    Raises:
        StarterMissing: the folder has none.

    """
    files = tuple(sorted(folder.glob("*.csv")))
    if not files:
        raise StarterMissing(folder)
    return files
