"""What evaluating writes besides its line and predictions.tsv."""

from dataclasses import dataclass

from attention_ocr.knobs import GIVEN, Knobs, knob


@dataclass(frozen=True)
class EvaluationConfig(Knobs):
    """What is made of the readings of a split."""

    report: str = knob(
        "",
        "A page about the readings, with all its pictures, and its numbers as JSON: a folder, or a file such as "
        "out.html beside which out.json is written.",
    )
    report_against: str = knob(
        "",
        "Another model to compare with in the report: a model file, a ready-made reader, or the predictions.tsv of one "
        "on the same split.",
        works_with={"report": GIVEN},
    )
    calibrate: str = knob(
        "",
        "A copy of the model file (out.keras) whose confidences are as true as one number can make them, found on the "
        "split that is read; take one that was not learned from, such as validation.",
    )
    suspects: str = knob(
        "",
        "A list (out.tsv) of records whose labels are probably wrong, since what is read is sure and differs, and a "
        "page (out.html) to look through.",
    )
    suspect_confidence: float = knob(
        0.5, "How sure a reading must be to be listed.", minimum=0, maximum=1, works_with={"suspects": GIVEN}
    )
