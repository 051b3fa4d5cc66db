"""The same as `attention-ocr generate_tfrecords`, for those who look for it here."""

import sys

from attention_ocr.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["generate_tfrecords", *sys.argv[1:]]))
