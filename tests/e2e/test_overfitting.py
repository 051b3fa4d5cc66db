"""Each preset learns 16 pictures by heart, on both backends."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from drawn_words import draw_word

from attention_ocr.ingest.annotations import Annotation
from attention_ocr.ingest.dataset import GenerateConfig, write_dataset

ATTENTION_OCR = [sys.executable, "-m", "attention_ocr"]
# How the pictures are fitted, the steps, and the flags beside the preset. The learning rate falls as a cosine: at a
# constant one a preset may have learned all texts and lose one with the next step.
PRESETS = {
    "base": ("keep_height", 150, []),
    "crnn_ctc": ("keep_height", 250, []),
    "visual_attention": ("keep_height", 200, []),
    "seq2seq": ("keep_height", 200, []),
    "signs": ("stretch", 150, []),
    "fsns": ("stretch", 300, []),
    "chinese": ("stretch", 300, []),
    "arbitrary": ("pad", 100, ["--warmup_steps=20", "--learning_rate=0.0005"]),
}
SIZES = {"stretch": (75, 120), "keep_height": (32, 0), "pad": (64, 64)}


def write_words(folder, resize):
    """Records of 16 words of 1 to 3 letters."""
    random, texts, lines = np.random.default_rng(3), [], []
    while len(texts) < 16:
        text = "".join(random.choice(list("abcdefgh"), random.integers(1, 4)))
        texts += [text] if text not in texts else []
    for number, text in enumerate(texts):
        draw_word(text, height=32, width=18 * len(text) + 4).save(folder / f"{number}.png")
        lines.append(Annotation((f"{number}.png",), text, f"labels.tsv:{number + 1}", folder))
    height, width = SIZES[resize]
    sizes = {"resize": resize, "image_height": height, "image_width": width}
    config = GenerateConfig(validation_fraction=0, test_fraction=0, on_duplicate="keep", **sizes)
    write_dataset({"train": lines}, folder / "records", config)
    return folder / "records"


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
@pytest.mark.parametrize("preset", PRESETS)
def test_sixteen_words_are_read_exactly(preset, backend, tmp_path):
    pytest.importorskip(backend)
    resize, steps, flags = PRESETS[preset]
    records, run = write_words(tmp_path, resize), tmp_path / "run"
    environment = {**os.environ, "KERAS_BACKEND": backend}
    given = [f"--dataset_dir={records}", f"--train_log_dir={run}"]
    learn = [f"--preset={preset}", "--batch_size=16", "--nouse_augment_input", "--learning_rate_schedule=cosine"]
    often = [f"--max_number_of_steps={steps}", "--save_interval_steps=1000", "--save_summaries_steps=25"]
    subprocess.run([*ATTENTION_OCR, "train", *given, *learn, *often, *flags], env=environment, check=True)
    command = [*ATTENTION_OCR, "eval", *given, "--split_name=train"]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["ExactMatch"] == 1.0, (run / "eval_train" / "predictions.tsv").read_text()
