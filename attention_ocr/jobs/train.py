"""attention-ocr train."""

from functools import partial
from pathlib import Path
from typing import Any

from absl import flags

from attention_ocr import config as configs
from attention_ocr.errors import UserError
from attention_ocr.flags import config_from, define_knobs, define_preset, given_knobs, required
from attention_ocr.quiet import quiet_imports
from attention_ocr.training import sources


def define_flags(values: flags.FlagValues) -> None:
    """The job's flags."""
    define_preset(values)
    define: dict[str, Any] = {"flag_values": values}
    flags.DEFINE_string("dataset_dir", "", "Folder of records.", **define)
    flags.DEFINE_string("dataset_name", "", "A folder of datasets/ whose dataset.json is used.", **define)
    flags.DEFINE_string("split_name", "train", "Split to learn from.", **define)
    flags.DEFINE_string("train_log_dir", "", "Directory of the run.", **define)
    flags.DEFINE_string(
        "checkpoint", "", "A model file a new run begins with; charset, T, sizes and views may differ.", **define
    )
    text = "A TF1 checkpoint of Inception-v3 whose weights the tower of a new run begins with."
    flags.DEFINE_string("checkpoint_inception", "", text, **define)
    flags.DEFINE_bool("reset_train_dir", False, "Remove what an earlier run wrote to --train_log_dir.", **define)
    define_knobs(values, *configs.GROUPS.values(), configs.SignsConfig)


def run(values: flags.FlagValues) -> None:
    """Trains, from where the run stopped."""
    config = config_from(values)
    data_flags = [] if values.curriculum or values.render else ["dataset_dir"]
    required(values, *data_flags, "train_log_dir")
    if values.checkpoint and values.checkpoint_inception:
        raise UserError("give either --checkpoint or --checkpoint_inception: both say how the tower begins")
    sizes = given_knobs(values, configs.SignsConfig)
    source = sources.find(config, values.dataset_dir, values.dataset_name, values.split_name, sizes)
    with quiet_imports():
        from attention_ocr.training import loop
        from attention_ocr.training.run_directory import RunDirectory

    run_directory = RunDirectory(Path(values.train_log_dir))
    if values.reset_train_dir:
        run_directory.reset()
    initialize = partial(_start_tower, path=values.checkpoint_inception) if values.checkpoint_inception else None
    loop.train(config, source.spec, source.open(run_directory.path), run_directory, values.checkpoint, initialize)


def _start_tower(model, path: str) -> None:
    from attention_ocr.model import tf1_import

    print(f"the tower begins with --checkpoint_inception={path}:")
    tf1_import.print_rows(tf1_import.start_tower_from(model, path))
