"""Whether a run has stopped getting better, told by its directory alone: a resumed run knows it, too."""

from attention_ocr.train_config import TrainConfig
from attention_ocr.training.run_directory import RunDirectory


def waited(run: RunDirectory, step: int, config: TrainConfig) -> int:
    """How many checkpoints' time up to a step brought no better score of the validation split; 0: there is no such."""
    since = run.best_since()
    return max(step - since, 0) // config.save_interval_steps if since is not None else 0


def is_over(run: RunDirectory, step: int, config: TrainConfig) -> bool:
    """Whether `early_stop_patience` is at its end."""
    return bool(config.early_stop_patience) and waited(run, step, config) >= config.early_stop_patience


def told(run: RunDirectory, step: int, config: TrainConfig) -> str:
    """What the line about a checkpoint says of it; empty: nothing."""
    number, patience = waited(run, step, config), config.early_stop_patience
    if not number or not patience:
        return ""
    if number >= patience:
        return f"; nothing better since step {run.best_since()}: stopping early"
    return f"; nothing better since step {run.best_since()} ({number} of {patience} checkpoints)"
