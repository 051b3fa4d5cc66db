"""The command attention-ocr in a process of its own, but with small networks, on TensorFlow without graphs."""

import contextlib
import os
import sys

from attention_ocr.__main__ import main

if __name__ == "__main__":  # and not in the processes that it starts
    from eager import eagerly
    from small_networks import smaller

    with smaller(), contextlib.nullcontext() if os.environ.get("KERAS_BACKEND") == "jax" else eagerly():
        sys.exit(main(sys.argv[1:]))
