"""The knobs of learning."""

import re
from dataclasses import dataclass

from attention_ocr import shared_knobs as shared
from attention_ocr.errors import UserError
from attention_ocr.knobs import Condition, Knobs, knob, lower_than, more_than, one_of

ENDLESS = 10**10  # steps
NOT_CTC = Condition(lambda head: head != "ctc", "with another --{} than ctc".format)  # which has no steps


@dataclass(frozen=True)
class TrainConfig(Knobs):
    """How weights are learned, and what a run writes."""

    max_number_of_steps: int = knob(ENDLESS, "Stop after this many steps.", minimum=1)
    optimizer: str = knob("momentum", "Optimiser.", ("momentum", "adam", "adamw", "adadelta"))
    learning_rate: float = knob(0.004, "Learning rate (after the warm-up).", above=0)
    learning_rate_schedule: str = knob(
        "constant",
        "How the learning rate falls; auto: as a cosine if --max_number_of_steps is given.",
        ("constant", "cosine", "auto"),
    )
    warmup_steps: int = knob(0, "Steps over which the learning rate rises from 0.", minimum=0)
    learning_rate_end_fraction: float = knob(
        0.01,
        "Share of the learning rate at which the cosine ends.",
        minimum=0,
        maximum=1,
        works_with={"learning_rate_schedule": one_of("cosine", "auto"), "max_number_of_steps": lower_than(ENDLESS)},
    )
    momentum: float = knob(
        0.9,
        "Share of the previous update kept in the next.",
        minimum=0,
        maximum=0.9999,
        works_with={"optimizer": one_of("momentum")},
    )
    clip_gradient_norm: float = knob(
        2.0,
        "Clip each variable's gradient to this norm; 0: no clipping.",
        minimum=0,
        works_with={"clip_global_norm": one_of(0)},
    )
    clip_global_norm: float = knob(0.0, "Instead, clip all gradients together to this norm; 0: no clipping.", minimum=0)
    moving_average_decay: float = knob(
        0.0,
        "Final decay of the weights' moving averages, which are saved and read with; 0: no averages.",
        minimum=0,
        maximum=0.99999,
    )
    save_interval_steps: int = knob(1000, "Steps between checkpoints.", minimum=1)
    save_summaries_steps: int = knob(50, "Steps between summaries (a line, scalars, a reading).", minimum=1)
    checkpoints_to_keep: int = knob(5, "Newest checkpoints to keep beside the best.", minimum=1)
    validation_examples: int = knob(
        1000, "Records of the validation split to read at each checkpoint, to find the best one; 0: none.", minimum=0
    )
    early_stop_patience: int = knob(
        0,
        "Stop when so many checkpoints in a row bring no better score of the validation split; 0: never.",
        minimum=0,
        works_with={"validation_examples": more_than(0)},
    )
    freeze: str = knob(
        "",
        "Keep the encoder as it is: encoder, for the whole run, or encoder:STEPS, for its first steps. For runs that "
        "begin with a checkpoint.",
    )
    blend: str = knob(
        "1",
        "With --checkpoint: share of the new weights in the final best.keras; the rest are those it began with. auto: "
        "the smallest of 1, 0.8, 0.6 that is not clearly worse on the validation split; for the ready-made "
        "readers, auto.",
    )
    find_learning_rate: bool = knob(
        False,
        "Train for about 100 steps with a rising learning rate, plot the loss in TensorBoard, say which "
        "--learning_rate to use, and stop. Nothing is saved.",
    )
    experiment_tracker: str = knob(
        "",
        "Also tell scalars and knobs to MLflow or Weights & Biases, as their own environment variables say where.",
        ("", "mlflow", "wandb"),
    )
    jit_compile: bool = knob(False, "Compile the step with XLA (slower on CPU).")
    mixed_precision: str = knob("none", "Compute in half precision.", ("none", "bfloat16", "float16"))
    rematerialize: bool = knob(
        False,
        "Compute all of the decoder's steps again for the gradient, not attention's comparisons alone: slower, with a "
        "little less memory (KERAS_BACKEND=jax).",
        works_with={"head": NOT_CTC},
    )
    seed: int = shared.seed()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.blend != "auto" and not re.fullmatch(r"1(\.0*)?|0?\.\d*[1-9]\d*", self.blend):
            raise UserError(f"--blend={self.blend}: is neither auto nor a share above 0 and at most 1, such as 0.6")
        if not re.fullmatch(r"(encoder(:[1-9]\d{0,9})?)?", self.freeze):
            raise UserError(f"--freeze={self.freeze}: is neither encoder nor encoder:STEPS, such as encoder:500")


@dataclass(frozen=True)
class ClusterConfig(Knobs):
    """Which process of a training this one is. No part of a run's config: the next start may have another number."""

    coordinator_address: str = knob(
        "",
        "HOST:PORT at which process 0 of a training in several processes is reached. Empty: as Slurm, Open MPI or the "
        "Kubernetes job says.",
    )
    num_processes: int = knob(
        0, "Processes that train together, on one machine or many; 0: as the cluster says; 1: only this.", minimum=0
    )
    process_id: int = knob(-1, "Number of this process, from 0; -1: as the cluster says.", minimum=-1)

    def __post_init__(self) -> None:
        super().__post_init__()
        told = f"--coordinator_address={self.coordinator_address} --num_processes={self.num_processes} "
        told += f"--process_id={self.process_id}"
        given = bool(self.coordinator_address), self.num_processes > 1, self.process_id >= 0
        if any(given) and not all(given):
            raise UserError(f"{told}: give all three, with at least 2 processes, or none of them")
        if all(given) and self.process_id >= self.num_processes:
            raise UserError(f"{told}: the processes of {self.num_processes} are 0 to {self.num_processes - 1}")
        if all(given) and not re.fullmatch(r".+:\d{1,5}", self.coordinator_address):
            raise UserError(f"--coordinator_address={self.coordinator_address}: is not HOST:PORT, such as 10.0.0.1:99")
