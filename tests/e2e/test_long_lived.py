"""A process that reads for days does not grow: its memory after 20,000 pictures of any size is that after 500."""

import json
import subprocess
import sys

import pytest

FIRST, LAST, MORE = 500, 20_000, 1.05
READ = """
import json, sys
from pathlib import Path
import numpy as np
from attention_ocr.reading.reader import Reader

def memory():
    pages = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(pages.split()[1]) / 1000

backend, marks = sys.argv[1], [int(mark) for mark in sys.argv[2:]]
reader, random, read, found = Reader.load("words", backend=backend), np.random.default_rng(0), 0, []
while read < marks[-1]:
    number = min(int(random.integers(1, 9)), marks[len(found)] - read)
    sides = zip(random.integers(12, 90, number), random.integers(12, 420, number))
    reader.read([random.integers(0, 256, [*side, 3], np.uint8) for side in sides])
    read += number
    if read == marks[len(found)]:
        found.append(memory())
print(json.dumps(found))
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks Linux for the memory of a process")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
def test_memory_stays(backend):
    pytest.importorskip(backend)
    command = [sys.executable, "-c", READ, backend, str(FIRST), str(LAST)]
    first, last = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
    print(f"{backend}: {first:.0f} MB after {FIRST:,} pictures, {last:.0f} MB after {LAST:,}")
    assert last <= MORE * first
