"""attention-ocr train."""

from typing import Any

from absl import flags

from attention_ocr import addresses
from attention_ocr import config as configs
from attention_ocr import flags as our_flags
from attention_ocr.console import json_of
from attention_ocr.errors import UserError
from attention_ocr.flags import config_from, required, works_with
from attention_ocr.knobs import EMPTY, GIVEN, one_of
from attention_ocr.quiet import quiet_imports


def define_flags(values: flags.FlagValues) -> None:
    """The job's flags."""
    our_flags.define_preset(values)
    define: dict[str, Any] = {"flag_values": values}
    flags.DEFINE_string("dataset_dir", "", "Folder of records.", **define)
    flags.DEFINE_string("dataset_name", "", "A folder of datasets/ whose dataset.json is used.", **define)
    flags.DEFINE_string("split_name", "train", "Split to learn from.", **define)
    flags.DEFINE_string("train_log_dir", "", "Directory of the run.", **define)
    text = "What a new run begins with: words, signs, ppocr, or a model file. Flags left open are as its network is."
    flags.DEFINE_string("checkpoint", "", text, **define)
    flags.DEFINE_string("checkpoint_inception", "", "A TF1 checkpoint of Inception-v3 for a new run's tower.", **define)
    flags.DEFINE_bool("reset_train_dir", False, "Remove what an earlier run wrote to --train_log_dir.", **define)
    our_flags.define_knobs(values, *configs.GROUPS.values(), configs.ClusterConfig)
    our_flags.define_drawing(values)
    our_flags.define_use_attention(values)
    works_with(values, "replay", checkpoint=GIVEN, render=EMPTY)
    works_with(values, "blend", checkpoint=GIVEN)
    works_with(values, "real_share", render=GIVEN, dataset_dir=GIVEN)
    works_with(values, "checkpoint_inception", encoder=one_of("inception_v3"))


def run(values: flags.FlagValues) -> None:
    """Trains, from where the run stopped."""
    config = config_from(values)
    if values.print_config:
        print(json_of(config.to_dict(), indent=1))
        return
    required(values, *([] if values.curriculum or values.render else ["dataset_dir"]), "train_log_dir")
    if values.checkpoint and values.checkpoint_inception:
        raise UserError("give either --checkpoint or --checkpoint_inception: both say how the tower begins")
    from attention_ocr.training import processes, sources  # they need an extra

    drawing, path = our_flags.drawing_given(values), addresses.local_path(values.train_log_dir, "--train_log_dir=")
    cluster = configs.ClusterConfig(**our_flags.given_knobs(values, configs.ClusterConfig))
    source = sources.find(config, values.dataset_dir, values.dataset_name, values.split_name, drawing)
    with processes.joined(cluster, path) as together:
        with quiet_imports():
            from attention_ocr.training import fine_tuning, loop
            from attention_ocr.training.run_directory import RunDirectory
        start, tower, reset = None, values.checkpoint_inception, values.reset_train_dir
        if values.checkpoint:
            given = our_flags.names_given(values)
            config, source, start = fine_tuning.begin(values.checkpoint, config, values.preset, given, source)
        loop.train(config, source, RunDirectory(path), start, tower, reset, together)
