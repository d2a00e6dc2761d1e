"""Which files of the repository are pages of the site, and under which path: their own, so that every link holds.

A page links to `../configs/arithmetic.yaml` or `docs/lessons.md` as it does when the repository is read in a browser.
MkDocs knows one folder of pages only, so this hook gives it the files of the repository by their paths there.
"""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
SHOWN = (
    "*.md",
    "LICENSE",
    "docs/**/*.md",
    "docs/images/*.png",
    "docs/evidence/*.yaml",
    "benchmarks/README.md",
    "benchmarks/*.json*",
    "configs/**/*.yaml",
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Replace the files of docs/ by those of the repository that are shown, and keep what the theme brings."""
    for file in [file for file in files if file.src_dir == config.docs_dir]:
        files.remove(file)
    for path in sorted({path for pattern in SHOWN for path in ROOT.glob(pattern)}):
        files.append(File.generated(config, path.relative_to(ROOT).as_posix(), abs_src_path=str(path)))
    return files
