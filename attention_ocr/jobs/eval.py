"""attention-ocr eval."""

import json
from pathlib import Path
from typing import Any

from absl import flags

from attention_ocr import flags as our_flags
from attention_ocr.data import dataset_mix
from attention_ocr.errors import UserError
from attention_ocr.evaluation_config import EvaluationConfig
from attention_ocr.flags import required, works_with
from attention_ocr.knobs import GIVEN, more_than
from attention_ocr.quiet import quiet_imports
from attention_ocr.ready import catalog


def define_flags(values: flags.FlagValues) -> None:
    """The job's flags."""
    define: dict[str, Any] = {"flag_values": values}
    flags.DEFINE_string("dataset_dir", "", "Folder of records, or several separated by commas.", **define)
    flags.DEFINE_string("dataset_name", "", "A folder of datasets/ whose dataset.json is used.", **define)
    flags.DEFINE_string("split_name", "test", "Split to read.", **define)
    flags.DEFINE_string("train_log_dir", "", "A run's directory: its newest checkpoint is read.", **define)
    flags.DEFINE_string("checkpoint", "", "A model file (.keras) or an export to read with.", **define)
    flags.DEFINE_string("eval_log_dir", "", "Where results go; empty: eval_SPLIT beside the model.", **define)
    flags.DEFINE_integer("batch_size", 32, "Pictures read at a time.", lower_bound=1, **define)
    flags.DEFINE_integer("num_batches", 0, "Batches to read; 0: the whole split.", lower_bound=0, **define)
    flags.DEFINE_float("eval_interval_secs", 0, "Seconds between looks for a new checkpoint; 0: once.", 0, **define)
    works_with(values, "eval_interval_secs", train_log_dir=GIVEN)
    flags.DEFINE_integer("number_of_steps", 0, "End after this many checkpoints; 0: never.", lower_bound=0, **define)
    works_with(values, "number_of_steps", eval_interval_secs=more_than(0))
    our_flags.define_reading(values)
    our_flags.define_knobs(values, EvaluationConfig)


def run(values: flags.FlagValues) -> None:
    """Evaluates once, or each new checkpoint; prints a JSON line for each."""
    required(values, "dataset_dir")
    reading, backend = our_flags.reading_from(values), our_flags.backend_from(values)
    wanted = EvaluationConfig(**our_flags.given_knobs(values, EvaluationConfig))
    if bool(values.train_log_dir) == bool(values.checkpoint):
        raise UserError("give either --train_log_dir=DIR, a run's directory, or --checkpoint=FILE.keras")
    parts = dataset_mix.parts_of(values.dataset_dir, values.dataset_name, values.split_name)
    with quiet_imports():
        from attention_ocr.reading import record_evaluation
        from attention_ocr.training.run_directory import RunDirectory, watch
        from attention_ocr.training.tensorboard import write_scores
    split = record_evaluation.EvaluationSplit(parts, values.split_name, values.batch_size, values.num_batches)
    beside = Path(values.train_log_dir or Path(values.checkpoint).parent)
    beside = Path("logs") / values.checkpoint if catalog.find(values.checkpoint) else beside
    log_dir = Path(values.eval_log_dir or beside / f"eval_{values.split_name}")
    run = RunDirectory(Path(values.train_log_dir))
    watched = watch(run, values.eval_interval_secs, values.number_of_steps or None)
    for path in [Path(values.checkpoint)] if values.checkpoint else watched:
        found = record_evaluation.evaluate_file(path, split, log_dir, reading, backend, wanted)
        write_scores(log_dir, found)
        print(json.dumps(found), flush=True)
