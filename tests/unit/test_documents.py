"""The documents say what is true: commands parse, flags are there, links lead somewhere, the README is short."""

import importlib
import re
import shlex
from pathlib import Path

import pytest
from absl import flags

from attention_ocr.__main__ import JOBS

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "datasets/**/*.md")
    for path in ROOT.glob(pattern)
)
FENCE = re.compile(r"^```.*?\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^(?: {4}|\$ )?((?:attention-ocr|python) .*)$", re.MULTILINE)
IN_LINE = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FLAG = re.compile(r"(?<![\w-])--([a-z]\w*)")
# Commands of others, and what is none of a job.
FOREIGN = ("pip ", "make ", "tensorboard ", "pytest ", "apt-get ", "ruff ", "mypy")
MOST_WORDS = 700


def flags_of(job):
    """The flags of a job, without a value."""
    values = flags.FlagValues()
    flags.DEFINE_bool("help", False, "", flag_values=values)
    importlib.import_module(f"attention_ocr.jobs.{job}").define_flags(values)
    return values


FLAGS = {job: flags_of(job) for job in JOBS}
NAMES = {name for values in FLAGS.values() for flag in values for name in (flag, f"no{flag}")}


def words_of(command):
    """The words of a command line, without comments and the brackets of what is optional."""
    return [word.strip("[]") for word in shlex.split(command, comments=True)]


def blocks_of(text):
    """The commands that stand in lines of their own, each as its words."""
    return list(map(words_of, COMMAND.findall(re.sub(r"\\\n\s*", " ", text))))


def phrases_of(text):
    """What stands in back-quotes within sentences and tables."""
    return [" ".join(phrase.split()) for phrase in IN_LINE.findall(FENCE.sub("", text))]


def complaint_about(job, arguments):
    """Why a job does not take its arguments; empty: it does."""
    if job == "JOB":
        return ""
    if job not in JOBS:
        return f"no job is called {job!r}"
    values = flags_of(job)
    try:
        unknown = values([job, *arguments])[1:]
    except flags.Error as error:
        return f"{job}: {error}"
    takes_arguments = hasattr(importlib.import_module(f"attention_ocr.jobs.{job}"), "ARGUMENTS")
    return f"{job}: {unknown} are no flags" if unknown and not takes_arguments else ""


def named_in(script):
    """Whatever may be a flag of a script: the words in quotes."""
    return set(re.findall(r'"(?:--)?(\w+)"', (ROOT / script).read_text("utf-8")))


def complaints_about(words):
    """Why a command of a document would fail for its flags."""
    if words[0] == "attention-ocr":
        found = complaint_about(words[1], words[2:])
        return [found] if found else []
    if not (ROOT / words[1]).is_file():
        return [f"there is no {words[1]}"]
    names = [name for word in words[2:] for name in FLAG.findall(word)]
    return [f"{words[1]}: has no flag {name}" for name in names if name not in named_in(words[1])]


def with_values(words):
    """The words of a command within a sentence, which may name a flag without its value, with one."""
    flag_of = FLAGS.get(words[1], {})
    named = [word for word in words[2:] if FLAG.fullmatch(word) and word[2:] in flag_of]
    default = {word: str(flag_of[word[2:]].default) for word in named if not flag_of[word[2:]].boolean}
    return [f"{word}={default[word]}" if word in default else word for word in words]


def complaints(text):
    """What is wrong with the commands and the flags of a document."""
    blocks = blocks_of(text)
    found = [complaint for words in blocks for complaint in complaints_about(words)]
    known = NAMES.union(*[named_in(words[1]) for words in blocks if words[0] == "python" and not found])
    for phrase in phrases_of(text):
        if phrase.startswith("python "):
            found += complaints_about(words_of(phrase))
        elif phrase.startswith("attention-ocr "):
            found += complaints_about(with_values(words_of(phrase)))
        elif phrase.split()[0] in JOBS:
            found += complaints_about(with_values(["attention-ocr", *words_of(phrase)]))
        elif not phrase.startswith(FOREIGN):
            found += [f"no job has --{name}" for name in FLAG.findall(phrase) if name not in known]
    return found


def slug(heading):
    """The anchor that GitHub and MkDocs give a heading."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", text).strip().replace(" ", "-")


def broken_links(document, text):
    """The links of a document, relative to the repository, that lead nowhere."""
    found = []
    for link in LINK.findall(FENCE.sub("", text)):
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        target = (ROOT / document).parent / path if path else ROOT / document
        if not target.exists():
            found.append(link)
        elif anchor:
            headings = re.findall(r"^#+ +(.+)$", FENCE.sub("", target.read_text("utf-8")), re.MULTILINE)
            found += [] if anchor in map(slug, headings) else [link]
    return found


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_and_flags_are_there(document):
    assert complaints((ROOT / document).read_text("utf-8")) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document):
    assert broken_links(document, (ROOT / document).read_text("utf-8")) == []


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text("utf-8").split()) <= MOST_WORDS


def test_the_readme_shows_the_way_from_pictures_to_text():
    jobs = [words[1] for words in blocks_of((ROOT / "README.md").read_text("utf-8")) if words[0] == "attention-ocr"]
    way = ["generate_tfrecords", "train", "eval", "export", "demo_inference"]
    assert [job for job in jobs if job in way][-len(way) :] == way


def test_every_job_is_documented():
    shown = {phrase for path in DOCUMENTS for phrase in phrases_of((ROOT / path).read_text("utf-8"))}
    assert [job for job in JOBS if job not in shown] == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("```\nattention-ocr train --dataset_dir=a \\\n  --bach_size=3\n```", "Unknown command line flag 'bach_size'"),
        ("```\nattention-ocr eval --preset=base\n```", "Unknown command line flag 'preset'"),
        ("```\n$ attention-ocr trian --batch_size=3\n```", "no job is called 'trian'"),
        ("```\nattention-ocr train [--encoder=crn]  # comment\n```", "value should be one of"),
        ("    attention-ocr train --batch_size=three\n", "--batch_size=three"),
        ("Say `train --presets=base`.", "Unknown command line flag 'presets'"),
        ("Say `--no_such_flag`.", "no job has --no_such_flag"),
        ("`python tools/no.py`", "there is no tools/no.py"),
        ("`python tools/benchmark_memory.py --bach_size=3`", "has no flag bach_size"),
    ],
)
def test_a_wrong_command_is_found(text, complaint):
    (found,) = complaints(text)
    assert complaint in found


@pytest.mark.parametrize(
    "text",
    [
        "```\nattention-ocr train --nouse_augment_input \\\n  --batch_size=3 [--encoder=crnn]  # a comment\n```",
        "`pip install --constraint constraints.txt .` and `tensorboard --logdir=logs`, `--preset`, `--nouse_attention`",
        "`python tools/benchmark_memory.py --preset=base`",
        "`attention-ocr JOB --help`, `attention-ocr`, `train/` and `train`, `train --checkpoint`",
        "```\npython tools/benchmark_memory.py\n```\nThen `--classes` says how many.",
    ],
)
def test_a_right_command_is_no_fault(text):
    assert complaints(text) == []


@pytest.mark.parametrize("link", ["docs/nowhere.md", "docs/results.md#nowhere", "#nowhere"])
def test_a_broken_link_is_found(link):
    assert broken_links("README.md", f"[text]({link})") == [link]


@pytest.mark.parametrize("link", ["LICENSE", "docs/results.md#what-was-tried-for-base", "https://example.org/nowhere"])
def test_a_link_that_leads_somewhere_is_no_fault(link):
    assert broken_links("README.md", f"[text]({link})") == []
