"""A hook of MkDocs: pages that lie outside docs/, links between those and the others, and lists of the jobs' flags."""

import importlib
import re
from pathlib import Path
from typing import Any

from absl import flags
from mkdocs.structure.files import File

from attention_ocr.__main__ import JOBS

ROOT = Path(__file__).resolve().parent.parent
OUTSIDE = ("README.md", "LICENSE", "CONTRIBUTING.md", "CHANGELOG.md", "datasets/**/*.md")
FLAGS = "<!-- flags -->"
# The site has docs/ at its top, beside the pages from outside.
INTO_DOCS = re.compile(r"\]\(((?:\.\./)*)docs/")
OUT_OF_DOCS = re.compile(r"\]\(((?:\.\./)*)\.\./(?=README\.md|CONTRIBUTING\.md|CHANGELOG\.md|datasets/)")


def on_files(files: Any, config: Any) -> Any:
    """Adds the pages outside docs/, README.md as the first one."""
    for pattern in OUTSIDE:
        for path in sorted(ROOT.glob(pattern)):
            name = path.relative_to(ROOT).as_posix()
            files.append(File(name, str(ROOT), config.site_dir, config.use_directory_urls))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Turns the links of the repository into those of the site, and fills in the flags."""
    del files
    is_inside = Path(page.file.src_dir) == Path(config.docs_dir)
    markdown = (OUT_OF_DOCS if is_inside else INTO_DOCS).sub(r"](\1", markdown)
    return markdown.replace(FLAGS, "\n".join(map(flags_of, JOBS))) if FLAGS in markdown else markdown


def flags_of(job: str) -> str:
    """A section with a job's flags, each with its default and help."""
    values = flags.FlagValues()
    importlib.import_module(f"attention_ocr.jobs.{job}").define_flags(values)
    entries = [f"`{_shown(values[name])}`\n:   {_escaped(values[name].help)}\n" for name in values]
    return "\n".join([f"## {job}", "", f"{JOBS[job][0].upper()}{_escaped(JOBS[job][1:])}.", "", *entries])


def _shown(flag: flags.Flag) -> str:
    if not flag.boolean:
        return f"--{flag.name}={'' if flag.default is None else flag.default}"
    return f"--no{flag.name}" if flag.default is False else f"--{flag.name}"


def _escaped(text: str) -> str:
    text = text.replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"[*_]", r"\\\g<0>", text)
