"""Installs the wheel alone in a new environment and reads pictures with it: no TensorFlow, no Keras.

    python tools/test_install.py

Prints the size of the wheel and of what it brings, and the time to the first text. Needs a network, or pip's cache.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LARGEST_WHEEL, LARGEST_INSTALL, SLOWEST_START = 25.0, 250.0, 2.0  # MB, MB, seconds
RUNS = 5  # of the first text, of which the median counts
TEXTS = {"words": "Hello", "signs": "Rue du Lac"}  # reader -> what its picture shows
ABSENT = ("tensorflow", "keras", "jax", "cv2", "fontTools")

# Draws the picture of each reader, in the new environment: pip gave it Pillow and two fonts.
DRAW = """
import sys
from pathlib import Path
from PIL import Image, ImageDraw, ImageFont
import fontpkg_roboto
font = next((Path(fontpkg_roboto.__file__).parent / "files").glob("Roboto[[]*"))
pictures = (("words", sys.argv[2], (130, 60), "white"), ("signs", sys.argv[3], (150, 150), "#1d3f8f"))
for reader, text, size, ground in pictures:
    picture = Image.new("RGB", size, ground)
    letters = ImageFont.truetype(font, size[0] // 6 if reader == "signs" else 40)
    place = (size[0] // 2, size[1] // 2)
    ink = "black" if ground == "white" else "white"
    ImageDraw.Draw(picture).text(place, text, ink, letters, anchor="mm")
    picture.save(Path(sys.argv[1]) / f"{reader}.png")
"""
SIZES = """
import importlib.metadata
import json
own, caches = 0, 0
for package in importlib.metadata.distributions():
    for file in package.files or ():
        size = file.locate().stat().st_size if file.locate().is_file() else 0
        own, caches = (own, caches + size) if file.suffix == ".pyc" else (own + size, caches)
print(json.dumps([own / 1e6, caches / 1e6]))
"""


def main() -> int:
    """Runs the test; the exit status is 1 if something is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", default="", help="folder for the environment; empty: a temporary one")
    given = parser.parse_args()
    start, faults = time.perf_counter(), []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(given.keep or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        wheel = built(folder)
        size = wheel.stat().st_size / 1e6
        print(f"{wheel.name}: {size:.1f} MB (at most {LARGEST_WHEEL:g})", flush=True)
        faults += [f"the wheel has {size:.1f} MB"] if size > LARGEST_WHEEL else []
        python = installed(folder, wheel)
        faults += check_packages(python)
        run([python, "-c", DRAW, folder, *TEXTS.values()])
        faults += check_reading(folder, python)
        faults += check_missing_extra(folder, python)
    print(f"{time.perf_counter() - start:.0f} s in all")
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    return 1 if faults else 0


def built(folder: Path) -> Path:
    """The wheel of this checkout."""
    run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT])
    (wheel,) = folder.glob("attention_ocr-*.whl")
    return wheel


def installed(folder: Path, wheel: Path) -> Path:
    """The Python of a new environment with the wheel and what it needs."""
    venv.create(folder / "environment", clear=True)
    python = folder / "environment" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip = [sys.executable, "-m", "pip", "--python", python]
    run([*pip, "install", "--quiet", "--constraint", ROOT / "constraints.txt", wheel])
    return python


def check_packages(python: Path) -> list[str]:
    """What is wrong with the installed packages."""
    found = run([python, "-c", f"import importlib.util as u; print(*[n for n in {ABSENT} if u.find_spec(n)])"]).split()
    own, caches = json.loads(run([python, "-c", SIZES]))
    print(f"installed: {own:.0f} MB (at most {LARGEST_INSTALL:g}), and {caches:.0f} MB of bytecode that pip makes")
    large = [f"{own:.0f} MB are installed"] if own > LARGEST_INSTALL else []
    return large + [f"{name} is installed" for name in found]


def check_reading(folder: Path, python: Path) -> list[str]:
    """What is wrong with the texts that are read, and the time to the first one."""
    faults: list[str] = []
    for reader, text in TEXTS.items():
        runs = []
        for _ in range(RUNS):
            start, before = time.perf_counter(), os.times()
            found, error = read(folder, python, reader)
            after = os.times()
            used = after.children_user + after.children_system - before.children_user - before.children_system
            runs.append((time.perf_counter() - start, used))
            faults += [] if found == text else [f"{reader} reads {found!r}, not {text!r} {error}"]
        clock, used = (statistics.median(each) for each in zip(*runs, strict=True))
        print(f"{reader}: {text!r} after {clock:.2f} s, {used:.2f} s of them computing (medians of {RUNS})", flush=True)
        # What other programs take of the processor is no fault.
        faults += [f"{reader}: computes {used:.2f} s to the first text"] if used > SLOWEST_START else []
    for reader in TEXTS:
        found, error = read(folder, python, reader, f"--visualize={folder / 'seen'}")
        faults += [] if (folder / "seen" / f"{reader}.png").is_file() else [f"{reader}: nothing is drawn {error}"]
    return faults


def check_missing_extra(folder: Path, python: Path) -> list[str]:
    """What is wrong with what `train` says."""
    flags = [f"--dataset_dir={folder}", f"--train_log_dir={folder / 'run'}"]
    done = subprocess.run([command(python), "train", *flags], capture_output=True, text=True, check=False)
    wanted = "which is not installed: pip install 'attention-ocr[train]'\n"
    is_one_line = done.stderr.endswith(wanted) and done.stderr.count("\n") == 1
    return [] if done.returncode == 1 and is_one_line else [f"train says {done.stderr!r}"]


def read(folder: Path, python: Path, reader: str, *flags: str) -> tuple[str, str]:
    """The text of a reader's picture, and what was written to standard error."""
    arguments = [f"--checkpoint={reader}", f"--image_path_pattern={folder / reader}.png", *flags]
    done = subprocess.run(
        [command(python), "demo_inference", *arguments], capture_output=True, text=True, check=False, cwd=folder
    )
    return (done.stdout.split("\t")[1] if done.stdout.count("\t") == 2 else done.stdout), done.stderr


def command(python: Path) -> Path:
    """The command `attention-ocr` of an environment."""
    return python.with_name(f"attention-ocr{python.suffix}")


def run(arguments: list) -> str:
    """The standard output of a command that must not fail."""
    return subprocess.run([str(each) for each in arguments], stdout=subprocess.PIPE, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main())
